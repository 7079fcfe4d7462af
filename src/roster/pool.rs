//! [`Pool`]: one value in memory for all that are equal. What a class studies and where a family lives is said in the
//! record of each of them.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

pub(super) struct Pool<T>(HashSet<Arc<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

impl<T: Eq + Hash> Pool<T> {
    /// Puts the value that equals this one in its place, when one was met before.
    pub(super) fn share(&mut self, value: &mut Arc<T>) {
        match self.0.get(&**value) {
            Some(known) => *value = Arc::clone(known),
            None => drop(self.0.insert(Arc::clone(value))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one() {
        let mut pool = Pool::default();
        let (mut a, mut b, mut c) = (Arc::new("x".to_owned()), Arc::new("x".to_owned()), Arc::new("y".to_owned()));
        for value in [&mut a, &mut b, &mut c] {
            pool.share(value);
        }
        assert!(Arc::ptr_eq(&a, &b) && !Arc::ptr_eq(&a, &c));
        assert_eq!((a.as_str(), c.as_str()), ("x", "y"));
    }
}
