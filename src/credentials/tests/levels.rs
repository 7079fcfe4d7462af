//! Levels that have a policy of their own.

use super::*;

#[tokio::test]
async fn a_level_has_a_policy_of_its_own() {
    let bench = bench().await;
    let mut by_level = config();
    by_level.levels =
        toml::from_str::<CredentialsConfig>("[[levels]]\nlevels = [\"CP\"]\nstyle = \"words\"").unwrap().levels;
    let issuer = Issuer::new(&by_level, &letters(&bench.key), Scheme::Argon2).unwrap();
    let mut new = accounts(0..2);
    new[0].course = Some("1121$CP".into());
    let issued = issuer.prepare(&bench.store, new, today()).await.unwrap();
    issuer.save(&bench.store, &issued).await.unwrap();
    bench.store.settle(&outcomes(&issued, Outcome::Live), now()).await.unwrap();
    let groups = async |n: u32| {
        let envelopes = bench.store.live_envelopes(&keys(n..n + 1)).await.unwrap();
        envelopes[0].open(std::slice::from_ref(&bench.key)).unwrap().secret.expose().split('-').count()
    };
    assert_eq!(
        (groups(0).await, groups(1).await),
        (5, 4),
        "five words for the level, four groups of syllables otherwise"
    );
}

/// What was made ahead for one policy serves nobody who has another.
#[tokio::test]
async fn a_level_draws_from_a_pool_of_its_own() {
    let bench = bench().await;
    let mut by_level = config();
    by_level.levels = toml::from_str::<CredentialsConfig>("[[levels]]\nlevels = [\"CP\", \"CE1\"]\nstyle = \"words\"")
        .unwrap()
        .levels;
    let issuer = Issuer::new(&by_level, &letters(&bench.key), Scheme::Argon2).unwrap();
    let waiting = async |course: Option<&str>| issuer.in_pool(&bench.store, Profile::Pupil, course).await.unwrap();
    issuer.fill_pool(&bench.store, Profile::Pupil, Some("CP"), 2, |_| ()).await.unwrap();
    assert_eq!((waiting(Some("CP")).await, waiting(Some("CE1")).await, waiting(None).await), (2, 2, 0));
    let issue = async |range: std::ops::Range<u32>, course: Option<&str>| {
        let mut new = accounts(range);
        for account in &mut new {
            account.course = course.map(Into::into);
        }
        let issued = issuer.prepare(&bench.store, new, today()).await.unwrap();
        issuer.save(&bench.store, &issued).await.unwrap();
        bench.store.settle(&outcomes(&issued, Outcome::Live), now()).await.unwrap();
        issued.iter().map(|issued| issued.pool_item.is_some()).collect::<Vec<_>>()
    };
    let groups = async |n: u32| {
        let envelopes = bench.store.live_envelopes(&keys(n..n + 1)).await.unwrap();
        envelopes[0].open(std::slice::from_ref(&bench.key)).unwrap().secret.expose().split('-').count()
    };
    assert_eq!(issue(0..1, None).await, [false], "another policy");
    assert_eq!(issue(1..2, Some("1121$CE1")).await, [true], "the same policy under another name");
    assert_eq!((groups(0).await, groups(1).await), (4, 5));
    issuer.fill_pool(&bench.store, Profile::Pupil, None, 1, |_| ()).await.unwrap();
    assert_eq!((waiting(Some("CP")).await, waiting(None).await), (1, 1));
    assert_eq!(issue(2..4, Some("1111$CP")).await, [true, false], "the other pool is not for them");
    assert_eq!((groups(2).await, groups(3).await), (5, 5));
    assert_eq!(issue(4..5, None).await, [true]);
    assert_eq!(groups(4).await, 4);
}
