//! `rentree schools`: where each school stands.

use rentree::plan::{SchoolState, schools};
use rentree::wording::{date, number, plain};

use super::exit::Failure;
use super::plan::failure;
use super::session::Session;
use super::{Global, output};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// As on this day (yyyy-mm-dd)
    #[arg(long)]
    today: Option<jiff::civil::Date>,
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let session = Session::open(global, args.today).await?;
    let schools = schools(&session.ground()).await.map_err(failure)?;
    if global.json {
        output::json(&schools)?;
    } else {
        output::text(&table(&schools))?;
    }
    Ok(0)
}

fn table(schools: &[SchoolState]) -> String {
    let mut text = format!("{:<10} {:<17} {:<12} {:>8}  {}\n", "UAI", "état", "année", "comptes", "établissement");
    for school in schools {
        let year = school.year.map(|year| format!("{year}-{}", year + 1)).unwrap_or_default();
        let since = match (school.from, school.since) {
            (Some(from), _) => format!(" (à partir du {})", date(from)),
            (None, Some(since)) => format!(" ({} depuis le {})", school.state.french(), date(since)),
            (None, None) => String::new(),
        };
        text.push_str(&format!(
            "{:<10} {:<17} {year:<12} {:>8}  {}{since}\n",
            school.uai,
            school.state.french(),
            number(school.accounts),
            plain(&school.name)
        ));
    }
    text
}
