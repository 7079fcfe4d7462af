//! What the server's result codes mean to us.

use ldap3::LdapResult;

use crate::directory::{DirectoryError, Operation};

/// What became of an operation that was answered.
pub(super) enum Outcome {
    Done,
    /// Not done, and the server may do it if asked again.
    Later(String),
    Failed(DirectoryError),
}

/// Judges the answer to `operation` (codes of RFC 4511 §4.1.9; 122 is RFC 4528's).
pub(super) fn judge(operation: &Operation, result: &LdapResult) -> Outcome {
    let dn = operation.dn().to_string();
    Outcome::Failed(match (result.rc, operation) {
        (0, _) => return Outcome::Done,
        // adminLimitExceeded: 389 Directory Server answers it to writes in the thick of a crowd.
        (11 | 51 | 52, _) => return Outcome::Later(in_words(result)),
        (68, Operation::Rename { to, .. }) => DirectoryError::AlreadyExists { dn: to.to_string() },
        (68, _) => DirectoryError::AlreadyExists { dn },
        // What is not there, for an add, is the parent.
        (32, Operation::Add(entry)) => {
            DirectoryError::NoSuchEntry { dn: entry.dn.parent().map_or(dn, |parent| parent.to_string()) }
        }
        (32, _) => DirectoryError::NoSuchEntry { dn },
        (16 | 20, Operation::Modify { .. }) | (122, _) => DirectoryError::Moved { dn, reason: in_words(result) },
        (code, _) => DirectoryError::Rejected { dn, code, reason: in_words(result) },
    })
}

/// Whether a refusal says something of the server rather than of the entry: the next write would meet it too.
pub(super) const fn is_the_servers(code: u32) -> bool {
    // Referral, adminLimitExceeded, busy, unavailable, unwillingToPerform (read-only), other (a full disk).
    matches!(code, 10 | 11 | 51 | 52 | 53 | 80)
}

/// The code's name, the server's own text, and what the code usually means for a feed.
pub(super) fn in_words(result: &LdapResult) -> String {
    let mut words = name(result.rc).to_owned();
    if !result.text.is_empty() {
        words.push_str(": ");
        words.push_str(result.text.trim());
    }
    let hint = match result.rc {
        3 => "; reading takes longer than the server allows the identity: give it olcLimits with time=unlimited",
        4 => "; the identity may not read so many entries: give it olcLimits with size.prtotal=unlimited",
        11 => "; a limit of the server (389 Directory Server: nsslapd-lookthroughlimit, nsslapd-idlistscanlimit)",
        10 => "; it refers to another server, which is not followed: put that one in directory.url",
        50 => "; the identity lacks the right: check the server's access rules",
        53 => "; is the server read-only or restricted (olcReadOnly, olcRestrict), or a replica?",
        80 => "; is its disk full, or its database at its greatest size (olcDbMaxSize)? Its log says more",
        65 | 17 | 21 => "; does the server have the schema of the ENT?",
        _ => "",
    };
    words.push_str(hint);
    if result.rc == 10 && !result.refs.is_empty() {
        words.push_str(&format!(" ({})", result.refs.join(", ")));
    }
    words
}

const fn name(code: u32) -> &'static str {
    match code {
        0 => "success",
        1 => "operationsError",
        2 => "protocolError",
        3 => "timeLimitExceeded",
        4 => "sizeLimitExceeded",
        7 => "authMethodNotSupported",
        8 => "strongerAuthRequired",
        10 => "referral",
        11 => "adminLimitExceeded",
        12 => "unavailableCriticalExtension",
        13 => "confidentialityRequired",
        16 => "noSuchAttribute",
        17 => "undefinedAttributeType",
        18 => "inappropriateMatching",
        19 => "constraintViolation",
        20 => "attributeOrValueExists",
        21 => "invalidAttributeSyntax",
        32 => "noSuchObject",
        34 => "invalidDNSyntax",
        48 => "inappropriateAuthentication",
        49 => "invalidCredentials",
        50 => "insufficientAccessRights",
        51 => "busy",
        52 => "unavailable",
        53 => "unwillingToPerform",
        54 => "loopDetect",
        64 => "namingViolation",
        65 => "objectClassViolation",
        66 => "notAllowedOnNonLeaf",
        67 => "notAllowedOnRDN",
        68 => "entryAlreadyExists",
        69 => "objectClassModsProhibited",
        71 => "affectsMultipleDSAs",
        80 => "other",
        122 => "assertionFailed",
        _ => "unknown code",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{Dn, Entry};

    fn judged(operation: &Operation, rc: u32) -> Result<(), String> {
        let result = LdapResult { rc, matched: String::new(), text: "because".into(), refs: vec![], ctrls: vec![] };
        match judge(operation, &result) {
            Outcome::Done => Ok(()),
            Outcome::Later(reason) => Err(format!("later {reason}")),
            Outcome::Failed(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn codes_have_their_meaning() {
        let dn = Dn::parse("uid=a,ou=people,dc=fr").unwrap();
        let add = Operation::Add(Entry::new(dn.clone()));
        let modify = Operation::Modify { dn: dn.clone(), modifications: vec![] };
        let delete = Operation::Delete(dn.clone());
        let rename = Operation::Rename { dn, to: Dn::parse("uid=b,ou=people,dc=fr").unwrap() };
        for (operation, code, expected) in [
            (&add, 0, None),
            (&add, 68, Some("uid=a,ou=people,dc=fr is already there")),
            (&add, 32, Some("ou=people,dc=fr is not there")),
            (&add, 20, Some("uid=a,ou=people,dc=fr: the server answered 20 (attributeOrValueExists: because)")),
            (&modify, 20, Some("uid=a,ou=people,dc=fr is not what the plan saw: attributeOrValueExists: because")),
            (&modify, 16, Some("uid=a,ou=people,dc=fr is not what the plan saw: noSuchAttribute: because")),
            (&modify, 122, Some("uid=a,ou=people,dc=fr is not what the plan saw: assertionFailed: because")),
            (&rename, 68, Some("uid=b,ou=people,dc=fr is already there")),
            (&rename, 32, Some("uid=a,ou=people,dc=fr is not there")),
            (&delete, 32, Some("uid=a,ou=people,dc=fr is not there")),
            (&delete, 51, Some("later busy: because")),
            (&delete, 52, Some("later unavailable: because")),
            (
                &delete,
                53,
                Some(
                    "uid=a,ou=people,dc=fr: the server answered 53 (unwillingToPerform: because; is the server \
                     read-only or restricted (olcReadOnly, olcRestrict), or a replica?)",
                ),
            ),
        ] {
            assert_eq!(judged(operation, code).err().as_deref(), expected, "{code}");
        }
    }
}
