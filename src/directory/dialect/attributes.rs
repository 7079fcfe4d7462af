//! The attributes that a dialect knows, numbered when it is loaded: everything that runs per entry works on numbers.

/// Number of an attribute in one dialect.
pub(super) type AttributeId = u8;

/// How many attributes one dialect may name. Above the about 90 of the annex and its local additions, and small
/// enough for a table of all of them on the stack.
pub(super) const MOST: usize = 250;

#[derive(Debug, Default)]
pub(super) struct Attributes {
    names: Vec<Box<str>>,
    /// The numbers of the names of each length: servers send names in any case, and a comparison of two or three
    /// candidates is cheaper than hashing a lower-case copy.
    by_length: Vec<Vec<AttributeId>>,
}

impl Attributes {
    /// `None` when there is no number left.
    pub(super) fn intern(&mut self, name: &str) -> Option<AttributeId> {
        if let Some(id) = self.find(name) {
            return Some(id);
        }
        if self.names.len() >= MOST {
            return None;
        }
        let id = AttributeId::try_from(self.names.len()).ok()?;
        self.names.push(name.into());
        if self.by_length.len() <= name.len() {
            self.by_length.resize_with(name.len() + 1, Vec::new);
        }
        self.by_length.get_mut(name.len())?.push(id);
        Some(id)
    }

    pub(super) fn find(&self, name: &str) -> Option<AttributeId> {
        let candidates = self.by_length.get(name.len())?;
        // Nearly every server sends the names as its schema has them.
        let exact = candidates.iter().copied().find(|&id| self.name(id) == name);
        exact.or_else(|| candidates.iter().copied().find(|&id| self.name(id).eq_ignore_ascii_case(name)))
    }

    pub(super) fn name(&self, id: AttributeId) -> &str {
        self.names.get(usize::from(id)).map_or("", |n| n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        let mut a = Attributes::default();
        let sn = a.intern("sn").unwrap();
        let cn = a.intern("cn").unwrap();
        assert_ne!(sn, cn);
        assert_eq!(a.intern("SN"), Some(sn));
        assert_eq!(a.find("Cn"), Some(cn));
        assert_eq!(a.find("mail"), None);
        assert_eq!(a.find(""), None);
        assert_eq!(a.name(cn), "cn");
    }

    #[test]
    fn numbers_run_out_without_a_fall() {
        let mut a = Attributes::default();
        for i in 0..MOST {
            assert!(a.intern(&format!("a{i}")).is_some());
        }
        assert_eq!(a.intern("one-too-many"), None);
        assert!(a.intern("a7").is_some());
    }
}
