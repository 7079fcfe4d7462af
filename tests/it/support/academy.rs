//! Changing a simulated delivery by hand, as an academy's mistakes would.

use std::path::{Path, PathBuf};

/// The files of a category.
fn files(feed: &Path, category: &str) -> Vec<PathBuf> {
    let token = format!("_{category}_");
    let mut files: Vec<PathBuf> = std::fs::read_dir(feed)
        .unwrap()
        .map(|f| f.unwrap().path())
        .filter(|p| p.file_name().unwrap().to_str().unwrap().contains(&token))
        .collect();
    files.sort();
    files
}

/// The requests of a category, each as its text.
fn requests(text: &str) -> Vec<&str> {
    let mut requests = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("<addRequest>") {
        let end = rest[start..].find("</addRequest>").unwrap() + start + "</addRequest>".len();
        requests.push(&rest[start..end]);
        rest = &rest[end..];
    }
    requests
}

fn key(request: &str) -> &str {
    let start = request.find("<id>").unwrap() + 4;
    &request[start..start + request[start..].find("</id>").unwrap()]
}

/// The first value of an attribute in a request.
fn value<'r>(request: &'r str, attribute: &str) -> Option<&'r str> {
    let start = request.find(&format!("name=\"{attribute}\""))?;
    let rest = &request[start..];
    let start = rest.find("<value>")? + 7;
    Some(&rest[start..start + rest[start..].find("</value>")?])
}

/// Keys and structures of all pupils, in delivered order.
pub fn pupils(feed: &Path) -> Vec<(String, String)> {
    files(feed, "Eleve")
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            requests(&text)
                .into_iter()
                .map(|r| (key(r).to_owned(), value(r, "ENTPersonStructRattach").unwrap_or_default().to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Takes some pupils out of the delivery.
pub fn remove_pupils(feed: &Path, gone: &[String]) {
    for file in files(feed, "Eleve") {
        let mut text = std::fs::read_to_string(&file).unwrap();
        let removed: Vec<String> =
            requests(&text).into_iter().filter(|r| gone.iter().any(|g| g == key(r))).map(str::to_owned).collect();
        for request in removed {
            text = text.replacen(&request, "", 1);
        }
        std::fs::write(&file, text).unwrap();
    }
}

/// Cuts the last file of a category, as a broken transfer does.
pub fn truncate(feed: &Path, category: &str, percent: usize) {
    let file = files(feed, category).pop().unwrap();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() * percent / 100]).unwrap();
}

/// Adds a file of staff to the delivery, all with the same mistake: an address that is none. Nobody of them works in a
/// school of the delivery.
pub fn flood(feed: &Path, people: usize) {
    let last = files(feed, "PersEducNat").pop().unwrap();
    let head = std::fs::read_to_string(&last).unwrap();
    let mut text = head[..head.find("<addRequest>").unwrap()].to_owned();
    for n in 0..people {
        text.push_str(&format!(
            "<addRequest>\n<operationalAttributes><attr name=\"categoriePersonne\"><value>PersEducNat</value></attr></operationalAttributes>\n\
             <identifier><id>{0}</id></identifier>\n<attributes>\n<attr name=\"ENTPersonJointure\"><value>{0}</value></attr>\n\
             <attr name=\"sn\"><value>EXEMPLE</value></attr>\n<attr name=\"givenName\"><value>Camille</value></attr>\n\
             <attr name=\"mail\"><value>pas une adresse</value></attr>\n<attr name=\"ENTPersonStructRattach\"><value>99999</value></attr>\n\
             </attributes>\n</addRequest>\n",
            80_000_000 + n
        ));
    }
    text.push_str("</ficAlimMENESR>\n");
    let name = last.file_name().unwrap().to_str().unwrap().replace("_0000.xml", "_0001.xml");
    std::fs::write(feed.join(name), text).unwrap();
}

/// Rewrites the requests of a category that `which` accepts.
pub fn rewrite(feed: &Path, category: &str, which: impl Fn(&str) -> bool, change: impl Fn(&str) -> String) {
    for file in files(feed, category) {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut changed = text.clone();
        for request in requests(&text).into_iter().filter(|r| which(r)) {
            changed = changed.replacen(request, &change(request), 1);
        }
        std::fs::write(&file, changed).unwrap();
    }
}

/// Whether a request is about a pupil of this structure.
pub fn is_of(request: &str, school: &str) -> bool {
    value(request, "ENTPersonStructRattach") == Some(school)
}

/// Gives the first `n` classes of a structure another name, wherever they are named.
pub fn rename_classes(feed: &Path, school: &str, n: usize) {
    let mut classes = Vec::new();
    for file in files(feed, "EtabEducNat") {
        let text = std::fs::read_to_string(&file).unwrap();
        for request in requests(&text).into_iter().filter(|r| key(r) == school) {
            let start = request.find("\"ENTStructureClasses\"").unwrap();
            let list = &request[start..start + request[start..].find("</attr>").unwrap()];
            classes.extend(list.split("<value>").skip(1).map(|v| v.split('$').next().unwrap().to_owned()));
        }
    }
    assert!(classes.len() > 2, "{classes:?}");
    classes.truncate(n);
    let renamed = |request: &str, patterns: &dyn Fn(&str) -> Vec<(String, String)>| {
        let pairs = classes.iter().flat_map(|class| patterns(class));
        pairs.fold(request.to_owned(), |text, (from, to)| text.replace(&from, &to))
    };
    rewrite(
        feed,
        "EtabEducNat",
        |r| key(r) == school,
        |request| {
            renamed(request, &|c| {
                vec![(format!("<value>{c}$"), format!("<value>N{c}$")), (format!("$${c}<"), format!("$$N{c}<"))]
            })
        },
    );
    for category in ["Eleve", "PersEducNat"] {
        rewrite(
            feed,
            category,
            |_| true,
            |request| {
                renamed(request, &|c| {
                    let to = format!("<value>{school}$N{c}");
                    vec![
                        (format!("<value>{school}${c}<"), format!("{to}<")),
                        (format!("<value>{school}${c}$"), format!("{to}$")),
                    ]
                })
            },
        );
    }
}

/// Takes the class off every pupil of these schools, or gives each class another name.
pub fn reclass(feed: &Path, which: &dyn Fn(&str) -> bool, prefix: Option<&str>) {
    for file in files(feed, "Eleve") {
        let mut text = std::fs::read_to_string(&file).unwrap();
        let found: Vec<String> = requests(&text).into_iter().map(str::to_owned).collect();
        for request in found {
            let school = value(&request, "ENTPersonStructRattach").unwrap_or_default().to_owned();
            let Some(class) = value(&request, "ENTEleveClasses").filter(|_| which(&school)) else { continue };
            let new = match (prefix, class.split_once('$')) {
                (Some(prefix), Some((school, code))) => format!("{school}${prefix}{code}"),
                _ => String::new(),
            };
            let changed = request.replace(
                &format!("name=\"ENTEleveClasses\"><value>{class}<"),
                &format!("name=\"ENTEleveClasses\"><value>{new}<"),
            );
            text = text.replacen(&request, &changed, 1);
        }
        std::fs::write(&file, text).unwrap();
    }
}
