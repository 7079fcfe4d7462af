//! Descriptions of RFC 4512 §4.1, `( OID KEYWORD value … )`, as servers really write them.
//!
//! Read without knowing the keywords: each has no value, one, or a list of them in parentheses. So `X-` extensions,
//! unquoted names and words in any order pass; what cannot be read at all is an error with its reason.

/// Longer than any description of a real server; a bound on what a broken one makes us keep.
const LONGEST: usize = 256 * 1024;

/// One description: its OID and its clauses, in the order of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Description {
    pub oid: String,
    clauses: Vec<(String, Vec<String>)>,
}

impl Description {
    /// The values of a clause; `None` when it is not there.
    pub(super) fn values(&self, keyword: &str) -> Option<&[String]> {
        self.clauses.iter().find(|(k, _)| k.eq_ignore_ascii_case(keyword)).map(|(_, values)| values.as_slice())
    }

    pub(super) fn value(&self, keyword: &str) -> Option<&str> {
        self.values(keyword)?.first().map(String::as_str)
    }

    pub(super) fn has(&self, keyword: &str) -> bool {
        self.values(keyword).is_some()
    }

    /// The first name, or the OID.
    pub(super) fn called(&self) -> &str {
        self.value("NAME").unwrap_or(&self.oid)
    }
}

/// Keywords that stand alone.
const FLAGS: [&str; 7] =
    ["OBSOLETE", "SINGLE-VALUE", "COLLECTIVE", "NO-USER-MODIFICATION", "ABSTRACT", "STRUCTURAL", "AUXILIARY"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'t> {
    Open,
    Close,
    Dollar,
    Quoted(String),
    Word(&'t str),
}

/// Reads one description.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn description(text: &str) -> Result<Description, &'static str> {
    if text.len() > LONGEST {
        return Err("is too long");
    }
    let mut tokens = Tokens { rest: text };
    if tokens.next()? != Some(Token::Open) {
        return Err("does not begin with a parenthesis");
    }
    let oid = match tokens.next()? {
        Some(Token::Word(oid)) => oid.to_owned(),
        Some(Token::Quoted(oid)) if !oid.is_empty() => oid,
        _ => return Err("has no OID"),
    };
    let mut clauses: Vec<(String, Vec<String>)> = Vec::new();
    let mut token = tokens.next()?;
    loop {
        match token {
            Some(Token::Close) => break,
            Some(Token::Word(keyword)) => {
                let values;
                (values, token) = clause(keyword, &mut tokens)?;
                clauses.push((keyword.to_owned(), values));
            }
            None => return Err("is cut short"),
            Some(_) => return Err("has a value without keyword"),
        }
    }
    match tokens.next()? {
        None => Ok(Description { oid, clauses }),
        Some(_) => Err("goes on after its end"),
    }
}

/// The values of a keyword, and the token after them.
fn clause<'t>(keyword: &str, tokens: &mut Tokens<'t>) -> Result<(Vec<String>, Option<Token<'t>>), &'static str> {
    if FLAGS.iter().any(|flag| flag.eq_ignore_ascii_case(keyword)) {
        return Ok((Vec::new(), tokens.next()?));
    }
    let values = match tokens.next()? {
        Some(Token::Open) => {
            let mut values = Vec::new();
            loop {
                match tokens.next()? {
                    Some(Token::Word(word)) => values.push(word.to_owned()),
                    Some(Token::Quoted(text)) => values.push(text),
                    Some(Token::Dollar) => {}
                    Some(Token::Close) => break values,
                    Some(Token::Open) => return Err("has a list in a list"),
                    None => return Err("is cut short"),
                }
            }
        }
        Some(Token::Word(word)) => vec![word.to_owned()],
        Some(Token::Quoted(text)) => vec![text],
        // A keyword that nobody told us stands alone.
        other => return Ok((Vec::new(), other)),
    };
    Ok((values, tokens.next()?))
}

struct Tokens<'t> {
    rest: &'t str,
}

impl<'t> Tokens<'t> {
    fn next(&mut self) -> Result<Option<Token<'t>>, &'static str> {
        self.rest = self.rest.trim_start();
        let mut chars = self.rest.chars();
        let Some(first) = chars.next() else { return Ok(None) };
        let after = chars.as_str();
        Ok(Some(match first {
            '(' => {
                self.rest = after;
                Token::Open
            }
            ')' => {
                self.rest = after;
                Token::Close
            }
            '$' => {
                self.rest = after;
                Token::Dollar
            }
            '\'' => {
                let (text, rest) = after.split_once('\'').ok_or("has a quote that is not closed")?;
                self.rest = rest;
                Token::Quoted(unescaped(text))
            }
            _ => {
                let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '$' | '\''));
                let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                Token::Word(word)
            }
        }))
    }
}

/// `\27` is a quote and `\5c` a backslash (RFC 4512 §4.1); servers leave other backslashes as they are.
fn unescaped(text: &str) -> String {
    if text.contains('\\') {
        text.replace("\\27", "'").replace("\\5c", "\\").replace("\\5C", "\\")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_write() {
        let d = description(
            "( 2.5.4.41 NAME 'name' DESC 'RFC4519: it\\27s \\5c' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch \
             SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} X-ORIGIN ( 'RFC 4519' 'user defined' ) X-ORDERED 'VALUES' )",
        )
        .unwrap();
        assert_eq!(d.oid, "2.5.4.41");
        assert_eq!(d.value("desc"), Some("RFC4519: it's \\"));
        assert_eq!(d.value("SYNTAX"), Some("1.3.6.1.4.1.1466.115.121.1.15{32768}"));
        assert_eq!(d.values("X-ORIGIN").unwrap().len(), 2);
        let d = description("(1.2 NAME('a' 'b')SUP top AUXILIARY MUST(cn$sn)MAY x X-NEW SINGLE-VALUE)").unwrap();
        assert_eq!(d.values("NAME").unwrap(), ["a", "b"]);
        assert_eq!(d.values("MUST").unwrap(), ["cn", "sn"]);
        assert!(d.has("AUXILIARY"));
        assert_eq!(d.called(), "a");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, why) in [
            ("", "begin"),
            ("2.5.4.41 NAME 'x'", "begin"),
            ("( )", "OID"),
            ("( 1.2 NAME 'x", "quote"),
            ("( 1.2 NAME ( 'x' )", "cut short"),
            ("( 1.2 NAME ( ( 'x' ) ) )", "list in a list"),
            ("( 1.2 'x' )", "without keyword"),
            ("( 1.2 ) )", "after its end"),
        ] {
            let error = description(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
