//! Cases in the words of a school's office.

use compact_str::CompactString;

use super::case::{Answer, Candidate, Case, Party, Question};

impl Case {
    /// One line: whom it is about, and whom he may be.
    #[must_use]
    pub fn line(&self) -> String {
        let others = match self.candidates.as_slice() {
            [] => String::new(),
            [one] => format!("peut-être {}", one.who.line()),
            [one, more @ ..] => format!("peut-être {} (ou {} autre{})", one.who.line(), more.len(), plural(more.len())),
        };
        let others = match self.question {
            Question::OneAccount => others,
            Question::TwoRoles => format!("deux comptes d'un même adulte ? {others}"),
        };
        let later = if self.later { " · remis à plus tard" } else { "" };
        format!("{}  {} — {others} · proposition : {}{later}", self.id, self.person.line(), self.proposal())
    }

    /// Everything that a decision needs.
    #[must_use]
    pub fn page(&self) -> String {
        let mut text = format!("Cas {}\n\n{}\n", self.id, self.person.page(""));
        text.push_str(match (self.question, self.two_accounts) {
            (Question::TwoRoles, _) => {
                "Un adulte, deux rôles, deux comptes ? Rien n'est retenu ; les deux comptes restent dans tous les cas.\n"
            }
            (Question::OneAccount, true) => {
                "Les deux ont un compte : rien n'est retenu, les deux restent en attendant.\n"
            }
            (Question::OneAccount, false) => "Aucun compte n'est créé pour cette personne avant la décision.\n",
        });
        for (candidate, number) in self.candidates.iter().zip(1..) {
            text.push_str(&format!("\nCandidat {number} (indice {})\n{}", candidate.score, candidate.who.page("  ")));
            for (title, agrees) in [("s'accorde", true), ("ne s'accorde pas", false)] {
                let evidence: Vec<&str> =
                    candidate.evidence.iter().filter(|e| e.agrees == agrees).map(|e| e.text.as_str()).collect();
                if !evidence.is_empty() {
                    text.push_str(&format!("  {title} : {}\n", evidence.join(" ; ")));
                }
            }
            match candidate.decided {
                Some(answer) => text.push_str(&format!("  répondu : {}\n", answer.name())),
                None => text.push_str(&format!("  proposition : {}\n", proposal(candidate.proposed))),
            }
        }
        let candidate = if self.candidates.len() > 1 { " --candidate CLÉ-OU-DN" } else { "" };
        text.push_str(&format!(
            "\nPour répondre :\n  rentree cases decide {} same|different|later{candidate} --why \"…\"\n\
             {} ; different : deux personnes ; later : on ne sait pas encore.\n",
            self.id,
            match self.question {
                Question::OneAccount => "same : une seule personne, un seul compte",
                Question::TwoRoles => "same : une seule personne, ses deux comptes sont rapprochés",
            }
        ));
        text
    }

    fn proposal(&self) -> &'static str {
        if !self.is_open() {
            return "répondu";
        }
        match self.candidates.as_slice() {
            [Candidate { proposed, .. }] => proposal(*proposed),
            _ => "à vous de voir",
        }
    }
}

impl Party {
    /// `Zoé ARNAUD, né(e) le 05/01/2013, 6A, Collège du Val (0290009C)`.
    #[must_use]
    pub fn line(&self) -> String {
        let birth = self.birth.map(|day| format!("né(e) le {}", day.strftime("%d/%m/%Y")));
        let class = self.class.as_ref().map(ToString::to_string);
        let school = |uai: &CompactString| match self.school_names.get(uai) {
            Some(name) => format!("{name} ({uai})"),
            None => uai.to_string(),
        };
        let schools =
            (!self.schools.is_empty()).then(|| self.schools.iter().map(school).collect::<Vec<_>>().join(", "));
        let parts = [Some(self.name.clone()), birth, class, schools];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn page(&self, indent: &str) -> String {
        let mut text = format!("{indent}{}\n{indent}{}\n", self.line(), self.found);
        if let Some(key) = &self.key {
            text.push_str(&format!("{indent}clé : {key}\n"));
        }
        if let Some(dn) = &self.dn {
            text.push_str(&format!("{indent}compte : {dn}\n"));
        }
        text
    }
}

const fn proposal(proposed: Option<Answer>) -> &'static str {
    match proposed {
        Some(Answer::Same) => "la même personne (same)",
        Some(Answer::Different) => "deux personnes (different)",
        Some(Answer::Later) | None => "à vous de voir",
    }
}

const fn plural(n: usize) -> &'static str {
    if n > 1 { "s" } else { "" }
}
