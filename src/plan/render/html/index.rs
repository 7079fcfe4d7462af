//! The first page of a long plan: what it does by likeness, and the way to each school and each person.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::{Escaped, Page, title};
use super::people::People;
use crate::plan::render::brief;
use crate::plan::render::overview::{Line, Overview, Rank};
use crate::plan::render::survey::{School, Survey};
use crate::plan::render::words::{self, capitalised, number};

/// Lines of each group.
const LINES: usize = 60;
const NAMES: usize = 5;

impl<W: Write> Page<'_, W> {
    /// The index; `people` are the pages by initial and the folder that they are in.
    pub fn index(
        &mut self,
        survey: &Survey,
        link: &dyn Fn(&School) -> String,
        people: Option<(&People, &str)>,
    ) -> io::Result<()> {
        self.head(survey)?;
        let known: BTreeMap<&str, &str> = survey.schools.iter().map(|s| (s.uai.as_str(), s.name.as_str())).collect();
        let name = |uai: &str| known.get(uai).copied().unwrap_or(uai).to_owned();
        self.overview(&survey.overview, &name)?;
        self.schools(&survey.schools, link, people)?;
        if let Some((people, folder)) = people {
            self.initials(people, folder)?;
        }
        self.foot(survey)
    }

    /// The lines of a plan, or of a school.
    pub fn overview(&mut self, overview: &Overview, name: &dyn Fn(&str) -> String) -> io::Result<()> {
        let lines = overview.lines();
        let (unusual, usual): (Vec<&Line<'_>>, Vec<_>) = lines.iter().partition(|line| line.rank != Rank::Usual);
        for (id, heading, lines) in
            [("inhabituel", "À regarder d'abord", unusual), ("ressemblance", "Par ressemblance", usual)]
        {
            if lines.is_empty() {
                continue;
            }
            write!(
                self.out,
                "<section aria-labelledby=\"{id}\" class=\"lines\">\n<h2 id=\"{id}\">{heading}</h2>\n<ul>\n"
            )?;
            for line in lines.iter().take(LINES) {
                let said = Escaped(capitalised(&line.shape.said(line.tally.count)));
                let place = Escaped(line.tally.place(name));
                match line.rank {
                    Rank::Usual => writeln!(self.out, "<li>{said} <small>{place}</small></li>")?,
                    rank => writeln!(
                        self.out,
                        "<li><strong class=\"new\">{}</strong> {said} <small>{place}</small><br>{}</li>",
                        rank.title(),
                        Escaped(line.tally.names(NAMES))
                    )?,
                }
            }
            let rest = lines.get(LINES..).unwrap_or_default();
            if !rest.is_empty() {
                let changes: u64 = rest.iter().map(|line| line.tally.count).sum();
                let cases = words::count(rest.len() as u64, "autre cas", "autres cas");
                let changes = words::count(changes, "changement", "changements");
                writeln!(self.out, "<li class=\"more\">… et {cases} : {changes}</li>")?;
            }
            self.out.write_all(b"</ul>\n</section>\n")?;
        }
        match overview.seen_line() {
            Some(seen) => writeln!(self.out, "<p class=\"counts\">{}</p>", Escaped(seen)),
            None => Ok(()),
        }
    }

    fn schools(
        &mut self,
        schools: &[School],
        link: &dyn Fn(&School) -> String,
        people: Option<(&People, &str)>,
    ) -> io::Result<()> {
        let kinds: Vec<_> = brief::kinds(schools);
        let go = if people.is_some() {
            "<a id=\"aller\" hidden href=\"#initiales\">Chercher parmi les personnes →</a>"
        } else {
            "<a href=\"/personnes\">Chercher une personne →</a>"
        };
        write!(
            self.out,
            "<nav aria-labelledby=\"etablissements\">\n<h2 id=\"etablissements\">{}</h2>\n<form id=\"filtre\" \
             role=\"search\" hidden>\n<label>Chercher <input type=\"search\" id=\"mots\" placeholder=\"établissement, UAI, \
             ou nom d'une personne\"></label>\n{go}\n<output id=\"trouve\" aria-live=\"polite\"></output>\n</form>\n<div \
             class=\"wide\"><table id=\"ecoles\">\n<thead><tr><th scope=\"col\">Établissement</th><th scope=\"col\" \
             class=\"n\">À regarder</th>",
            words::count(schools.len() as u64, "établissement", "établissements")
        )?;
        for kind in &kinds {
            write!(self.out, "<th scope=\"col\" class=\"n\">{}</th>", title(*kind))?;
        }
        self.out.write_all("<th scope=\"col\" class=\"n\">Déjà vus</th><th scope=\"col\" class=\"n\">Inchangés</th></tr></thead>\n<tbody>\n".as_bytes())?;
        let cell = |n: u64| if n == 0 { "·".to_owned() } else { number(n) };
        for school in schools {
            let held = if school.held { " <strong class=\"new\">retenu</strong>" } else { "" };
            write!(
                self.out,
                "<tr><th scope=\"row\"><a href=\"{}\">{}</a> <small>{}</small>{held}</th><td class=\"n\">{}</td>",
                Escaped(link(school)),
                Escaped(&school.name),
                Escaped(&school.uai),
                cell(school.overview.alarms())
            )?;
            for kind in &kinds {
                write!(self.out, "<td class=\"n\">{}</td>", cell(school.counts.of(*kind)))?;
            }
            let unchanged = school.unchanged.map_or_else(|| "·".to_owned(), cell);
            let seen = cell(school.overview.seen());
            writeln!(self.out, "<td class=\"n\">{seen}</td><td class=\"n\">{unchanged}</td></tr>")?;
        }
        self.out.write_all(b"</tbody>\n</table></div>\n</nav>\n")
    }

    fn initials(&mut self, people: &People, folder: &str) -> io::Result<()> {
        self.out.write_all(b"<nav aria-labelledby=\"initiales\">\n<h2 id=\"initiales\">Personnes, par initiale</h2>\n<p class=\"initials\">\n")?;
        for shelf in people.shelves() {
            let (name, initial) = (shelf.file_name(), &shelf.initial);
            let shown = initial.to_uppercase();
            writeln!(self.out, "<a href=\"{folder}{name}\" data-initiale=\"{initial}\">{shown}</a>")?;
        }
        self.out.write_all(b"</p>\n")?;
        if people.left_out > 0 {
            let n = words::count(people.left_out, "changement n'y est pas", "changements n'y sont pas");
            writeln!(self.out, "<p class=\"more\">{n} : rentree show --person CL\u{c9}.</p>")?;
        }
        self.out.write_all(b"</nav>\n")
    }
}
