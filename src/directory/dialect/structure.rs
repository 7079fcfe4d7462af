//! A structure as an entry.

use super::matching::same_folded;
use super::shape::Kind;
use super::source::Source;
use super::wanted::{Subject, Wanted, Writer, write};
use super::{Context, Dialect};
use crate::directory::Dn;
use crate::roster::{Structure, StructureId};

impl Dialect {
    /// The name of a structure; `None` when it is left out (with a finding in [`Context::findings`]).
    #[must_use]
    pub fn structure_dn<'c>(&self, context: &'c Context<'_>, id: StructureId) -> Option<&'c Dn> {
        context.structure(id).map(|s| &s.dn)
    }

    /// The entry of a structure; `None` as for [`Dialect::structure_dn`].
    #[must_use]
    pub fn structure_entry(&self, context: &Context<'_>, id: StructureId) -> Option<Wanted> {
        let structure = context.roster.structure(id)?;
        let name = context.structure(id)?;
        let kind = self.kind_of(structure);
        let subject = Subject { kind, dn: name.dn.clone(), role: &|_| false, keep_class: false };
        // Every mandatory attribute of a structure has a certain source or a default: the dialect was refused
        // otherwise.
        write(self, self.shape(kind), subject, |source, out| match source {
            Source::Siret => out.value(&name.siret),
            Source::AttachedTo => {
                out.values(structure.attached_to.iter().filter_map(|&s| context.structure(s)).map(|s| s.dn.as_str()));
            }
            other => emit(structure, other, out),
        })
        .ok()
    }

    fn kind_of(&self, structure: &Structure) -> Kind {
        let service = structure.kind.as_ref().is_some_and(|k| self.service_types.iter().any(|t| same_folded(t, k)));
        if service { Kind::Service } else { Kind::School }
    }
}

fn emit(structure: &Structure, source: Source, out: &mut Writer) {
    let mut optional = |value: &Option<compact_str::CompactString>| {
        if let Some(value) = value {
            out.value(value);
        }
    };
    match source {
        Source::JoinKey => out.value(structure.key.as_str()),
        Source::Uai => out.value(structure.uai.as_str()),
        Source::Name => {
            let names = [&*structure.name_delivered, &*structure.name, structure.uai.as_str()];
            if let Some(name) = names.into_iter().find(|n| !n.trim().is_empty()) {
                out.value(name);
            }
        }
        Source::DisplayName => out.value(&structure.name),
        Source::Type => optional(&structure.kind),
        Source::Ministry => optional(&structure.ministry),
        Source::Contract => optional(&structure.contract),
        Source::Academy => optional(&structure.academy),
        Source::Bassin => optional(&structure.bassin),
        Source::Street => optional(&structure.street),
        Source::PostOfficeBox => optional(&structure.post_office_box),
        Source::PostalCode => optional(&structure.postal_code),
        Source::Town => optional(&structure.town),
        Source::Phone => optional(&structure.phone),
        Source::Fax => optional(&structure.fax),
        Source::Mail => optional(&structure.mail),
        Source::Classes => {
            for class in &structure.classes {
                out.compose(|text| list(text, &class.code, class.label.as_deref(), &class.mefs));
            }
        }
        Source::Groups => {
            for group in &structure.groups {
                out.compose(|text| list(text, &group.code, group.label.as_deref(), &group.classes));
            }
        }
        _ => {}
    }
}

/// `code$label$item…`, the label empty when there is none.
fn list(text: &mut String, code: &str, label: Option<&str>, items: &[compact_str::CompactString]) {
    text.push_str(code);
    text.push('$');
    text.push_str(label.unwrap_or_default());
    for item in items {
        text.push('$');
        text.push_str(item);
    }
}
