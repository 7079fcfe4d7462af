//! [`FieldsBuilder`]: packs the attributes of a record as they come, one pass, one allocation at the end.

use std::collections::HashSet;

use super::record::{Fields, RECORD, UNIT};

/// Builds [`Fields`]: trims, drops empty values, merges a repeated attribute, drops duplicate values.
///
/// A builder can be used again after [`FieldsBuilder::take`]: a reader keeps one per thread.
#[derive(Debug, Default)]
pub struct FieldsBuilder {
    packed: String,
    /// Where each attribute starts in `packed`, with a tag of its name that differs for most different names.
    attributes: Vec<(usize, u64)>,
    /// One bit for each tag: most attributes are new, and this tells it at once.
    met: u64,
    /// Where each value of the last attribute starts.
    values: Vec<usize>,
    /// The values of the last attribute once they are too many to look at one by one: input must not make this quadratic.
    seen: HashSet<Box<str>>,
}

/// Above this many values in one attribute, duplicates are looked up by hash.
const FEW_VALUES: usize = 32;

impl FieldsBuilder {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an attribute with its values. `name` holds neither separator (it comes from a fixed list or is cleaned by
    /// the reader).
    pub fn attribute<'v>(&mut self, name: &str, values: impl IntoIterator<Item = &'v str>) {
        self.begin(name);
        for value in values {
            self.value(value);
        }
    }

    /// Starts an attribute; [`FieldsBuilder::value`] adds to it.
    pub fn begin(&mut self, name: &str) {
        let tag = tag(name);
        let bit = 1 << (tag.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58);
        let same = |&(start, other): &(usize, u64)| other == tag && self.name_at(start) == name;
        let earlier = if self.met & bit == 0 { None } else { self.attributes.iter().position(same) };
        self.met |= bit;
        // The same attribute repeated inside one record (seen in 1D staff): the values of both.
        if earlier.is_some_and(|at| at + 1 == self.attributes.len()) {
            return;
        }
        let values = earlier.map(|at| self.remove(at));
        if !self.packed.is_empty() {
            self.packed.push(RECORD);
        }
        self.attributes.push((self.packed.len(), tag));
        self.packed.push_str(name);
        self.values.clear();
        self.seen.clear();
        if let Some(values) = values {
            for value in values.split(UNIT).filter(|v| !v.is_empty()) {
                self.value(value);
            }
        }
    }

    /// Adds a value to the attribute that was begun last; without any, the value goes nowhere.
    pub fn value(&mut self, value: &str) {
        let seen = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
        let bytes = value.as_bytes();
        let value = if seen(bytes.first()) && seen(bytes.last()) { value } else { value.trim() };
        if value.is_empty() || self.attributes.is_empty() {
            return;
        }
        if value.bytes().any(|b| b == UNIT as u8 || b == RECORD as u8) {
            let clean: String = value.chars().map(|c| if c == UNIT || c == RECORD { ' ' } else { c }).collect();
            self.push(clean.trim());
        } else {
            self.push(value);
        }
    }

    fn push(&mut self, value: &str) {
        if value.is_empty() || self.holds(value) {
            return;
        }
        self.packed.push(UNIT);
        self.values.push(self.packed.len());
        self.packed.push_str(value);
    }

    /// Whether the last attribute has this value already.
    fn holds(&mut self, value: &str) -> bool {
        if self.values.len() <= FEW_VALUES {
            let ends = self.values.iter().skip(1).map(|start| start - 1).chain([self.packed.len()]);
            return self.values.iter().zip(ends).any(|(&start, end)| self.packed.get(start..end) == Some(value));
        }
        if self.seen.is_empty() {
            let first = self.values.first().copied().unwrap_or_default();
            let earlier = self.packed.get(first..).unwrap_or_default();
            self.seen = earlier.split(UNIT).map(Box::from).collect();
        }
        !self.seen.insert(value.into())
    }

    fn name_at(&self, start: usize) -> &str {
        let rest = self.packed.get(start..).unwrap_or_default();
        let end = rest.bytes().position(|b| b == UNIT as u8 || b == RECORD as u8).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// Takes an attribute out and gives its values, as they are packed.
    fn remove(&mut self, at: usize) -> String {
        let Some(&(start, _)) = self.attributes.get(at) else { return String::new() };
        let next = self.attributes.get(at + 1).map(|&(next, _)| next);
        // With its separator: the one after it, or for the last attribute the one before it.
        let (from, to) = match next {
            Some(next) => (start, next),
            None => (start.saturating_sub(usize::from(start > 0)), self.packed.len()),
        };
        let text: String = self.packed.drain(from..to).collect();
        self.attributes.remove(at);
        for (later, _) in self.attributes.iter_mut().skip(at) {
            *later -= to - from;
        }
        let text = text.trim_matches(RECORD);
        text.split_once(UNIT).map(|(_, values)| values.to_owned()).unwrap_or_default()
    }

    /// What was built; the builder is empty again.
    pub fn take(&mut self) -> Fields {
        let fields = Fields(self.packed.as_str().into());
        self.clear();
        fields
    }

    /// Forgets what was added.
    pub fn clear(&mut self) {
        self.packed.clear();
        self.attributes.clear();
        self.met = 0;
        self.values.clear();
        self.seen.clear();
    }

    #[must_use]
    pub fn build(self) -> Fields {
        Fields(self.packed.into_boxed_str())
    }
}

/// Length and last bytes: the names of the AAF share long beginnings and few endings.
fn tag(name: &str) -> u64 {
    let (bytes, len) = (name.as_bytes(), name.len() as u64);
    match bytes.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) ^ len,
        None => bytes.iter().fold(len, |tag, &b| (tag << 8) | u64::from(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_merged_attribute_keeps_its_neighbours() {
        for order in [["x", "y", "x"], ["y", "x", "x"], ["x", "x", "y"]] {
            let mut b = FieldsBuilder::new();
            for (at, name) in order.into_iter().enumerate() {
                b.begin(name);
                b.value(&format!("{name}{at}"));
            }
            let fields = b.build();
            assert_eq!(fields.values("x").count(), 2, "{order:?}");
            assert_eq!(fields.values("y").count(), 1, "{order:?}");
        }
    }

    #[test]
    fn many_values_are_still_compared() {
        let mut b = FieldsBuilder::new();
        b.begin("x");
        for n in 0..200_000 {
            b.value(&format!("{}", n % 1000));
        }
        assert_eq!(b.take().values("x").count(), 1000);
        assert_eq!(b.take().iter().count(), 0);
    }

    #[test]
    fn a_value_before_any_attribute_goes_nowhere() {
        let mut b = FieldsBuilder::new();
        b.value("lost");
        assert_eq!(b.build().as_packed(), "");
    }

    proptest! {
        /// Against the obvious model: a list of names with the lists of their values.
        #[test]
        fn it_agrees_with_the_obvious_model(given in prop::collection::vec(("[abc]{1,2}", prop::collection::vec("[ xy\u{1f}]{0,3}", 0..5)), 0..12)) {
            let mut model: Vec<(String, Vec<String>)> = Vec::new();
            let mut built = FieldsBuilder::new();
            for (name, values) in &given {
                built.attribute(name, values.iter().map(String::as_str));
                let earlier = model.iter().position(|(n, _)| n == name).map(|at| model.remove(at).1);
                let mut all = earlier.unwrap_or_default();
                for value in values {
                    let value = value.trim().replace('\u{1f}', " ").trim().to_owned();
                    if !value.is_empty() && !all.contains(&value) {
                        all.push(value);
                    }
                }
                model.push((name.clone(), all));
            }
            let fields = built.build();
            let read: Vec<(String, Vec<String>)> =
                fields.iter().map(|(n, v)| (n.to_owned(), v.map(str::to_owned).collect())).collect();
            prop_assert_eq!(read, model);
        }
    }
}
