//! Who did it: the operating system's user and host, which the person at the keyboard cannot choose.

use std::fmt;

/// `user@host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// The user that this process runs as, by the system's own tables and not by the environment.
    #[must_use]
    pub fn current() -> Self {
        let id = rustix::process::getuid().as_raw();
        let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        // A user of a network directory is not in the file: his number still tells him apart.
        let user = user_name(&users, id).map_or_else(|| format!("uid {id}"), str::to_owned);
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .or_else(|_| std::fs::read_to_string("/etc/hostname"))
            .unwrap_or_default();
        let host = host.trim();
        Self(format!("{user}@{}", if host.is_empty() { "localhost" } else { host }))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of the user `id` in the text of a `passwd` file.
fn user_name(passwd: &str, id: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(id)).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_comes_from_the_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\nbroken\nzoe:x:1000:1000::/home/zoe:/bin/sh\n";
        assert_eq!(user_name(passwd, 1000), Some("zoe"));
        assert_eq!(user_name(passwd, 0), Some("root"));
        assert_eq!(user_name(passwd, 7), None);
        let actor = Actor::current();
        let (user, host) = actor.as_str().split_once('@').unwrap();
        assert!(!user.is_empty() && !host.is_empty() && !host.contains('\n'), "{actor}");
    }
}
