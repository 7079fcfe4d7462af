//! Encodings, entities, DOCTYPE.

use super::*;

#[test]
fn every_encoding_says_the_same() {
    let text = file(&pupil("1", &[("ENTPersonVille", &["Bœuf-Île, 3 €"])]));
    let declared = |label: &str| text.replace("UTF-8", label);
    let undeclared = text.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", "");
    let bytes = |text: &str, encoding: &'static encoding_rs::Encoding| encoding.encode(text).0.into_owned();
    let cp1252 = encoding_rs::WINDOWS_1252;
    for (bytes, codes) in [
        (text.clone().into_bytes(), vec![]),
        ([b"\xef\xbb\xbf", text.as_bytes()].concat(), vec![]),
        // Encoders write what ISO-8859-15 really has: œ and € are in it.
        (iso_8859_15(&declared("ISO-8859-15")), vec![]),
        (bytes(&declared("windows-1252"), cp1252), vec![]),
        (bytes(&declared("ISO-8859-1"), cp1252), vec![]),
        (undeclared.clone().into_bytes(), vec![Code::MissingDeclaration]),
        (bytes(&undeclared, cp1252), vec![Code::MissingDeclaration, Code::EncodingFallback]),
        (bytes(&text, cp1252), vec![Code::EncodingFallback]),
        (text.replace('\n', "\r\n").into_bytes(), vec![]),
    ] {
        let (kept, reading) = read_one(Category::Pupil, &bytes);
        assert_eq!(kept.codes(), codes);
        assert_eq!(kept.records[0].fields.first("ENTPersonVille"), Some("Bœuf-Île, 3 €"));
        assert_eq!(kept.records[0].fields.first("givenName"), Some("Léa"));
        assert!(reading.broken.is_empty());
    }
}

fn iso_8859_15(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| match c {
            '€' => 0xa4,
            'œ' => 0xbd,
            c => u8::try_from(u32::from(c)).expect("a Latin-9 character"),
        })
        .collect()
}

#[test]
fn one_stray_byte_spoils_one_record_only() {
    let (first, second) = (pupil("1", &[]), pupil("2", &[]));
    let bytes =
        [HEAD.as_bytes(), &encoding_rs::WINDOWS_1252.encode(&first).0, second.as_bytes(), FOOT.as_bytes()].concat();
    let (kept, _) = read_one(Category::Pupil, bytes);
    assert_eq!(kept.records.iter().map(|r| r.fields.first("givenName")).collect::<Vec<_>>(), [Some("Léa"); 2]);
    assert_eq!(kept.finding_of(Code::EncodingFallback).origin.as_ref().map(|o| o.line), Some(6));
}

#[test]
fn utf_16_is_refused_and_said() {
    let bytes: Vec<u8> = file("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (kept, reading) = read_one(Category::Pupil, [b"\xff\xfe", bytes.as_slice()].concat());
    assert_eq!((kept.codes(), reading.broken), (vec![Code::UnknownEncoding], vec![Category::Pupil]));
}

#[test]
fn entities_and_cdata() {
    let values: &[&str] =
        &["A &amp; B &lt;C&gt; &quot;D&quot; &apos;E&apos;", "&Eacute;l&#233;&#xE9;", "<![CDATA[x < y & z]]> t"];
    let (kept, _) = read_one(Category::Pupil, file(&pupil("1", &[("ENTEleveEnseignements", values)])));
    let read: Vec<&str> = kept.records[0].fields.values("ENTEleveEnseignements").collect();
    assert_eq!(read, ["A & B <C> \"D\" 'E'", "Éléé", "x < y & z t"]);
    assert_eq!(kept.findings, []);
}

#[test]
fn unknown_entities_cost_their_value_and_a_bare_ampersand_nothing() {
    let values: &[&str] = &["a &foo; b", "DUPONT & FILS", "c"];
    let (kept, reading) = read_one(Category::Pupil, file(&pupil("1", &[("ENTEleveEnseignements", values)])));
    let read: Vec<&str> = kept.records[0].fields.values("ENTEleveEnseignements").collect();
    assert_eq!(read, ["DUPONT & FILS", "c"]);
    assert_eq!(kept.codes(), [Code::UnknownEntity, Code::GrammarDeviation]);
    assert!(reading.broken.is_empty());
}

#[test]
fn an_entity_bomb_is_refused_unread() {
    let bomb = "<!DOCTYPE ficAlimMENESR [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let text =
        file(&pupil("1", &[("mail", &["&b;"])])).replace("<!DOCTYPE ficAlimMENESR SYSTEM \"ficAlimMENESR.dtd\">", bomb);
    let (kept, reading) = read_one(Category::Pupil, text);
    assert_eq!((kept.codes(), kept.records.len()), (vec![Code::InternalSubset], 0));
    assert_eq!(reading.broken, [Category::Pupil]);
}
