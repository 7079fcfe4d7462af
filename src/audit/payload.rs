//! What an event says, without what it must never say.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::Serialize;
use serde_json::Value;

/// Stands where something was kept out.
pub(crate) const WITHHELD: &str = "(withheld)";

/// Names of fields that hold secrets or hashes, in whatever case.
const SECRET_FIELDS: [&str; 8] =
    ["password", "passphrase", "secret", "hash", "userpassword", "private_key", "mot_de_passe", "motdepasse"];

/// Beginnings of secrets and hashes, wherever they stand in a text.
const SECRET_MARKS: [&str; 7] =
    ["AGE-SECRET-KEY-", "$argon2", "{ARGON2}", "{SSHA", "{PBKDF2", "{CRYPT}", "{CLEARTEXT}"];

/// The payload as JSON. Secrets have no way to serialise themselves; this is the second lock, for the day when somebody
/// hands over a map or a text that holds one.
pub(super) fn body(payload: &impl Serialize) -> serde_json::Result<String> {
    let body = serde_json::to_string(payload)?;
    let kept_out = |at: usize| body.get(at..).is_some_and(|rest| rest.starts_with(KEPT_OUT));
    let harmless = |suspect: &AhoCorasick| suspect.find_iter(&body).all(|found| kept_out(found.end()));
    if SUSPECT.as_ref().is_some_and(harmless) {
        return Ok(body);
    }
    without_secrets(payload)
}

fn without_secrets(payload: &impl Serialize) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(payload)?;
    withhold(&mut value);
    serde_json::to_string(&value)
}

/// After the name of a field that somebody kept out before.
const KEPT_OUT: &str = "\":\"(withheld)\"";

/// Finds whatever could be withheld in a text of JSON: it writes none of these letters and signs in another way.
static SUSPECT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let all = SECRET_FIELDS.iter().chain(&SECRET_MARKS);
    AhoCorasick::builder().ascii_case_insensitive(true).build(all).ok()
});

fn withhold(value: &mut Value) {
    match value {
        Value::String(text) if SECRET_MARKS.iter().any(|mark| text.contains(mark)) => WITHHELD.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(withhold),
        Value::Object(fields) => {
            for (name, value) in fields {
                if SECRET_FIELDS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) {
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
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Anything, with what is to be withheld, and what looks like it, in the names and in the values.
    fn payloads() -> impl Strategy<Value = Value> {
        let mut words: Vec<&str> = SECRET_FIELDS.iter().chain(&SECRET_MARKS).copied().collect();
        words.extend([WITHHELD, KEPT_OUT, "sn", "Petit", "\"", "\\", "Hash", "USERPASSWORD", "é"]);
        let text =
            move || prop::collection::vec(prop::sample::select(words.clone()), 0..3).prop_map(|words| words.concat());
        text().prop_map(Value::from).prop_recursive(3, 24, 4, move |inner| {
            let fields = prop::collection::btree_map(text(), inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                fields.prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_short_way_withholds_the_same(payload in payloads()) {
            prop_assert_eq!(body(&payload).unwrap(), without_secrets(&payload).unwrap());
        }
    }

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
