//! Whether a plan still stands: it is stale only in what it touches.

use crate::plan::{Ground, Header};

use super::ApplyError;

/// Compares what the plan was made from with what is there now. An interrupted plan is resumed under the same
/// conditions, except that its own writes are expected.
pub(super) async fn fresh(ground: &Ground<'_>, header: &Header, resumed: bool) -> Result<(), ApplyError> {
    let mut reasons = Vec::new();
    if header.config_digest != ground.config.digest {
        reasons.push("the configuration has changed since".to_owned());
    }
    for state in &header.sources {
        let Some(source) = ground.config.sources.iter().find(|s| s.name == state.name) else {
            reasons.push(format!("source {} is no longer configured", state.name));
            continue;
        };
        let row = ground.store.source(&source.name, source.prefix(), source.kind.name()).await?;
        if row.version != state.version {
            reasons.push(format!(
                "source {} has accepted a newer delivery ({})",
                state.name,
                row.delivered.map_or_else(|| "undated".to_owned(), |d| d.to_string())
            ));
        }
    }
    let here = format!("{} {}", ground.directory.describe(), ground.config.directory.suffix);
    if here != header.directory {
        reasons.push(format!("it was made for {}, this is {here}", header.directory));
    }
    if !resumed
        && let Some(other) = ground.store.interrupted_plan().await?
        && other.id != header.plan_id.to_string()
    {
        reasons.push(format!("plan {} was interrupted and must be settled first", other.id));
    }
    if !resumed {
        let since =
            ground.store.successor_rows().await?.into_iter().find(|r| r.decided_at > header.created.as_millisecond());
        if let Some(row) = since {
            let (former, present) = (row.successor.former_uai, row.successor.uai);
            reasons.push(format!("since it was made, structure {former} goes on as {present} ({})", row.dn));
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(ApplyError::Stale(reasons)) }
}
