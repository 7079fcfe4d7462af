//! The typesetter's messages, with the line of the template where they belong.

use typst::diag::SourceDiagnostic;
use typst::syntax::{DiagSpan, FileId};
use typst::{World, WorldExt as _};

use super::error::TemplateMessage;
use super::world::SheetWorld;

/// Messages kept of one failure: a loop over a class repeats itself.
const KEPT: usize = 20;

pub(super) fn messages(world: &SheetWorld, diagnostics: &[SourceDiagnostic]) -> Vec<TemplateMessage> {
    diagnostics.iter().take(KEPT).map(|diagnostic| message(world, diagnostic)).collect()
}

/// A mistake shown inside the helpers is the caller's: the place given is the innermost one in the template itself.
fn message(world: &SheetWorld, diagnostic: &SourceDiagnostic) -> TemplateMessage {
    let own = place(world, diagnostic.span);
    let calls = diagnostic.trace.iter().filter_map(|point| place(world, DiagSpan::from(point.span)));
    let main = world.main();
    let chosen = own.into_iter().chain(calls).find(|place| place.0 == main).or(own);
    TemplateMessage {
        file: name(chosen.map_or(main, |place| place.0)),
        line: chosen.map(|place| place.1),
        column: chosen.map(|place| place.2),
        message: diagnostic.message.to_string(),
        hints: diagnostic.hints.iter().map(|hint| hint.v.to_string()).collect(),
    }
}

/// File, line and column, from 1.
fn place(world: &SheetWorld, span: DiagSpan) -> Option<(FileId, usize, usize)> {
    let id = span.id()?;
    let start = world.range(span)?.start;
    let source = world.source(id).ok()?;
    let (line, column) = source.lines().byte_to_line_column(start)?;
    Some((id, line + 1, column + 1))
}

fn name(id: FileId) -> String {
    id.get().vpath().get_without_slash().to_owned()
}
