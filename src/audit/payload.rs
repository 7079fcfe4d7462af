//! What an event says, without what it must never say.

use serde::Serialize;
use serde_json::Value;

/// Stands where something was kept out.
const WITHHELD: &str = "(withheld)";

/// Names of fields that hold secrets or hashes, in lower case.
const SECRET_FIELDS: [&str; 8] =
    ["password", "passphrase", "secret", "hash", "userpassword", "private_key", "mot_de_passe", "motdepasse"];

/// Beginnings of secrets and hashes, wherever they stand in a text.
const SECRET_MARKS: [&str; 7] =
    ["AGE-SECRET-KEY-", "$argon2", "{ARGON2}", "{SSHA", "{PBKDF2", "{CRYPT}", "{CLEARTEXT}"];

/// The payload as JSON. Secrets have no way to serialise themselves; this is the second lock, for the day when somebody
/// hands over a map or a text that holds one.
pub(super) fn body(payload: &impl Serialize) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(payload)?;
    withhold(&mut value);
    serde_json::to_string(&value)
}

fn withhold(value: &mut Value) {
    match value {
        Value::String(text) if SECRET_MARKS.iter().any(|mark| text.contains(mark)) => WITHHELD.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(withhold),
        Value::Object(fields) => {
            for (name, value) in fields {
                if SECRET_FIELDS.contains(&name.to_lowercase().as_str()) {
                    *value = WITHHELD.into();
                } else {
                    withhold(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_kept_out_at_any_depth() {
        let payload = json!({
            "login": "zoé.exemple",
            "userPassword": "bamo-tiku",
            "attributes": [{"name": "x", "values": ["{ARGON2}$argon2id$v=19$m=1"]}, {"Secret": ["a", "b"]}],
            "message": "cannot read AGE-SECRET-KEY-1XYZ in file",
        });
        let body = body(&payload).unwrap();
        assert!(body.contains("zoé.exemple"), "{body}");
        for leak in ["bamo", "argon2id", "\"a\"", "1XYZ"] {
            assert!(!body.contains(leak), "{leak} in {body}");
        }
    }
}
