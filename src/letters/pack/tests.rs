//! Packs by themselves; `tests/it/pipeline/packs.rs` makes, prints and enters them through the program.

use super::*;
use crate::credentials::{Content, Secret as Clear, Serial, seal, seal_bytes};
use crate::letters::fixtures;

fn packed(key: &PrintKey, n: u32, text: &str) -> Packed {
    let label = Label {
        uid: Uid::new(&format!("pab{n:05}")),
        login: Login::new(&format!("zoé.exemple{n}")),
        join_key: JoinKey::new("AC-TEST", &n.to_string()),
        serial: Serial::fresh(),
        issued: "2026-08-25".parse().unwrap(),
    };
    let secret = Clear::new(Zeroizing::new(text.to_owned()));
    let sealed = seal(&[key.recipient()], &Content { label: label.clone(), secret }).unwrap();
    Packed::of(&SealedEnvelope {
        holder: label.join_key.clone(),
        label,
        profile: crate::roster::Profile::Pupil,
        sealed,
        binding: None,
        printed_at: None,
        sealed_for: None,
    })
}

fn pack(key: &PrintKey) -> Pack {
    let mut letter = fixtures::batch(1);
    letter.sheets.truncate(1);
    letter.sheets[0].secret = None;
    Pack {
        id: "pack".to_owned(),
        school: letter.school.uai.clone(),
        made: "2026-09-01".parse().unwrap(),
        signing_key: Secret::new("RENTREE-SIGNING-KEY-1 x".to_owned()),
        template: None,
        fonts: Vec::new(),
        piles: vec![PackedPile { file: "a.pdf".to_owned(), letter, envelopes: vec![Some(packed(key, 1, "bamo"))] }],
    }
}

fn sealed(key: &PrintKey, plain: &[u8]) -> Vec<u8> {
    seal_bytes(&[key.recipient()], plain).unwrap()
}

#[test]
fn a_pack_opens_with_its_key_alone_and_holds_no_clear_password() {
    let (key, other) = (PrintKey::generate(), PrintKey::generate());
    let plain = pack(&key).to_bytes().unwrap();
    assert!(!String::from_utf8_lossy(&plain).contains("bamo"));
    let bytes = sealed(&key, &plain);
    assert!(OpenedPack::from_bytes(&bytes, &key).is_ok());
    assert_eq!(OpenedPack::from_bytes(&bytes, &other).unwrap_err(), Flaw::WrongKey);
}

#[test]
fn an_envelope_is_of_its_own_sheet() {
    let key = PrintKey::generate();
    let (one, two) = (packed(&key, 1, "bamo"), packed(&key, 2, "tiku"));
    assert_eq!(one.secret(&one.login, &one.serial, &key).unwrap().expose(), "bamo");
    assert!(matches!(one.secret(&two.login, &one.serial, &key), Err(EnvelopeError::Mismatch { .. })));
    assert!(matches!(one.secret(&one.login, &two.serial, &key), Err(EnvelopeError::Mismatch { .. })));
    // The rows of two people with their sealed texts exchanged.
    let swapped = Packed { sealed: two.sealed.clone(), ..packed(&key, 1, "bamo") };
    assert!(matches!(swapped.secret(&swapped.login, &swapped.serial, &key), Err(EnvelopeError::Mismatch { .. })));
}

#[test]
fn damaged_packs_are_told_and_nothing_of_them_quoted() {
    let key = PrintKey::generate();
    let bytes = sealed(&key, &pack(&key).to_bytes().unwrap());
    for end in [0, 1, 20, bytes.len() / 2, bytes.len() - 1] {
        assert!(OpenedPack::from_bytes(&bytes[..end], &key).is_err(), "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(37) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        assert!(OpenedPack::from_bytes(&altered, &key).is_err(), "byte {at}");
    }
    for (plain, flaw) in [
        (&b""[..], Flaw::Damaged),
        (b"RENTREE-PACK 2\n{}", Flaw::Version),
        (b"RENTREE-PACK 1\n{}", Flaw::Damaged),
        (b"RENTREE-PACK 1\n[[[[[[[[", Flaw::Damaged),
    ] {
        assert_eq!(OpenedPack::from_bytes(&sealed(&key, plain), &key).unwrap_err(), flaw);
    }
    let mut lopsided = pack(&key);
    lopsided.piles[0].envelopes.clear();
    let bytes = sealed(&key, &lopsided.to_bytes().unwrap());
    assert_eq!(OpenedPack::from_bytes(&bytes, &key).unwrap_err(), Flaw::Damaged);
}

/// The corpus of the fuzz target, which begins with what is right.
#[test]
fn the_fuzz_corpus_is_read_without_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/pack");
    let mut read = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let (pack, receipt) = fuzz(&std::fs::read(entry.unwrap().path()).unwrap());
        read = (read.0 + usize::from(pack), read.1 + usize::from(receipt));
    }
    assert_eq!(read, (1, 1), "one of each is right");
}
