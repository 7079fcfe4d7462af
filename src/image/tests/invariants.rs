//! What holds whatever the deliveries: differences and complete sets agree, order and parts do not matter, and a cut file
//! takes nobody out.

use proptest::prelude::*;

use super::*;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(work)
}

/// The image that the complete set of a day makes of nothing.
async fn complete(pupils: u32, seed: u64, day: u32) -> Image {
    let academy = Academy::new().await;
    simulate(&simulated(pupils, seed, day, false, &academy.feed()));
    academy.take().await;
    academy.image().await
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Complete(N) is complete(0) and the differences 1 to N, taken in all at once, one by one, or some at a time.
    #[test]
    fn differences_give_what_the_complete_set_gives(seed: u64, days in 1_u32..10, step in 1_u32..4) {
        run(async {
            let expected = complete(150, seed, days).await;
            let academy = Academy::new().await;
            simulate(&simulated(150, seed, 0, false, &academy.feed()));
            academy.take().await;
            let mut day = 0;
            while day < days {
                for _ in 0..step.min(days - day) {
                    day += 1;
                    simulate(&simulated(150, seed, day, true, &academy.feed()));
                }
                let intake = academy.take().await;
                assert!(codes(&intake).iter().all(|c| c.severity() == feed::Severity::Information), "{:#?}", intake.findings);
                // The same night again finds nothing new.
                let (version, before) = (intake.version, academy.image().await);
                let again = academy.take().await;
                assert_eq!((again.version, again.reading.bytes), (version, 0));
                assert_eq!(academy.image().await, before);
            }
            assert_eq!(academy.image().await, expected);
            // And a complete set on top of it changes nothing.
            academy.empty();
            simulate(&simulated(150, seed, days, false, &academy.feed()));
            let version = academy.take().await.version;
            assert_eq!(academy.image().await, expected);
            assert_eq!(academy.take().await.version, version);
        });
    }

    /// Records in another order, in other parts: the same image.
    #[test]
    fn order_and_parts_do_not_matter(seed: u64, shuffle: u64, parts in 1_usize..4) {
        run(async {
            let expected = complete(60, seed, 0).await;
            let academy = Academy::new().await;
            simulate(&simulated(60, seed, 0, false, &academy.feed()));
            let mut state = shuffle | 1;
            let mut draw = |below: usize| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) as usize % below
            };
            for category in Category::ALL {
                let path = academy.feed().join(part("Complet", "20260901", category));
                let text = std::fs::read_to_string(&path).unwrap();
                let (head, rest) = text.split_at(text.find("<addRequest>").unwrap());
                let mut requests: Vec<&str> = rest.split_inclusive("</addRequest>").collect();
                let foot = requests.pop().unwrap();
                for at in (1..requests.len()).rev() {
                    requests.swap(at, draw(at + 1));
                }
                for (number, chunk) in requests.chunks(requests.len().div_ceil(parts)).enumerate() {
                    let name = path.to_str().unwrap().replace("_0000.xml", &format!("_{number:04}.xml"));
                    std::fs::write(name, format!("{head}{}{foot}", chunk.concat())).unwrap();
                }
            }
            academy.take().await;
            assert_eq!(academy.image().await, expected);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A complete set cut at any byte: said, and nobody leaves.
    #[test]
    fn a_cut_complete_set_takes_nobody_out(which in 0_usize..6, share in 0_usize..10_000) {
        run(async {
            let academy = Academy::new().await;
            simulate(&simulated(30, 5, 0, false, &academy.feed()));
            academy.take().await;
            let before = academy.image().await;
            let path = academy.feed().join(part("Complet", "20260901", Category::ALL[which]));
            let bytes = std::fs::read(&path).unwrap();
            // Without its last line break a file is still whole.
            let cut = bytes.trim_ascii_end().len() * share / 10_000;
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let intake = academy.take().await;
            assert_eq!(academy.image().await, before, "cut at {cut} of {}", bytes.len());
            assert!(codes(&intake).iter().any(|c| c.severity() == feed::Severity::Blocking));
            assert_eq!(intake.completeness[which], Completeness::Partial);
        });
    }

    /// A difference cut at any byte: refused whole, and taken in when it comes back whole.
    #[test]
    fn a_cut_difference_is_refused(which in 0_usize..6, share in 0_usize..10_000) {
        run(async {
            let academy = Academy::new().await;
            simulate(&simulated(100, 5, 0, false, &academy.feed()));
            simulate(&simulated(100, 5, 1, true, &academy.feed()));
            let path = academy.feed().join(part("Delta", "20260902", Category::ALL[which]));
            let bytes = std::fs::read(&path).unwrap();
            // Without its last line break a file is still whole.
            let cut = bytes.trim_ascii_end().len() * share / 10_000;
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let intake = academy.take().await;
            assert_eq!(academy.image().await, complete(100, 5, 0).await, "cut at {cut} of {}", bytes.len());
            assert!(codes(&intake).contains(&Code::DeltaRefused), "{:?}", codes(&intake));
            std::fs::write(&path, &bytes).unwrap();
            academy.take().await;
            assert_eq!(academy.image().await, complete(100, 5, 1).await);
        });
    }
}
