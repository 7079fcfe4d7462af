//! The store on PostgreSQL, beyond what every other test says of it when it is asked to keep its store there: the schema is
//! that of the file, a server that dies under a run, one run on all machines, backup and restore.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::SUFFIX;
use crate::support::postgres::Cluster;
use crate::support::program::Installation;

fn directory() -> String {
    format!("[directory]\nkind = \"embedded\"\nsuffix = \"{SUFFIX}\"\n")
}

/// Both schemas have the same tables and columns, of the same kinds.
#[test]
fn the_schema_is_the_same_in_both() {
    let server = Installation::on(Some(Cluster::shared().database()), &directory());
    let file = Installation::on(None, &directory());
    for installation in [&server, &file] {
        assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    }
    let list = |text: String| -> BTreeSet<String> {
        text.split(',').filter(|column| !column.contains("_sqlx_migrations")).map(str::to_owned).collect()
    };
    let there = list(server.sql(
        "SELECT string_agg(table_name || '.' || column_name || ' ' || CASE data_type WHEN 'bigint' THEN 'INTEGER'
         WHEN 'text' THEN 'TEXT' WHEN 'bytea' THEN 'BLOB' ELSE data_type END || CASE WHEN is_nullable = 'NO'
         THEN ' NOT NULL' ELSE '' END, ',') FROM information_schema.columns WHERE table_schema = 'public'",
    ));
    // A key of SQLite that is a number, or of a table with rowids, is not null without saying it.
    let here = list(file.sql(
        "SELECT group_concat(m.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" OR c.pk THEN ' NOT NULL'
         ELSE '' END, ',') FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'",
    ));
    assert_eq!(there, here);
}

/// A night goes to its end on a server, and the next has nothing to do; text and numbers of every kind come back.
#[test]
fn a_night_and_its_copy_in_a_file() {
    let server = Installation::on(Some(Cluster::shared().database()), &directory());
    server.simulate(2, 40, 0, false);
    let night = server.sync(&["--today", "2026-09-10"], 0);
    assert!(night["accounts"]["created"].as_u64().unwrap() > 40, "{night}");
    assert_eq!(server.sync(&["--today", "2026-09-10"], 0)["verdict"], "unchanged");
    assert_eq!(server.run(&["audit", "verify"]).code, 0);
    // On a copy of the register, which is a file.
    let outlook = server.run(&["rehearse", "--today", "2027-09-01", "--json"]);
    assert!([0, 3].contains(&outlook.code), "{}", outlook.stderr);
    assert_eq!(outlook.json()["accounts"]["created"], 0, "{}", outlook.stdout);
    let doctor = server.run(&["doctor"]).stdout;
    assert!(doctor.contains("registre") && doctor.contains("localhost"), "{doctor}");
}

/// One run at a time on a store, whatever machine it is started on.
#[test]
fn a_run_on_another_machine_is_told_that_one_goes_on() {
    let database = Cluster::shared().database();
    let here = Installation::on(Some(database), &directory());
    here.simulate(1, 10, 0, false);
    here.sync(&[], 0);
    // The other machine has a folder of its own, and the same store.
    let there = here.elsewhere();
    there.simulate(1, 10, 0, false);
    assert_eq!(there.sync(&[], 0)["verdict"], "unchanged");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(here.store());
    let lock = runtime.block_on(rentree::store::RunLock::take(&store, "test")).unwrap();
    let refused = there.run(&["sync"]);
    assert_eq!(refused.code, 6, "{}", refused.stderr);
    drop(lock);
    runtime.block_on(store.close());
    assert_eq!(there.sync(&[], 0)["verdict"], "unchanged");
}

/// The server dies under a run, as often as it takes: every run says so and ends, and the last one completes the night.
#[test]
fn a_server_killed_in_mid_run_loses_nothing() {
    let mut cluster = Cluster::start();
    let installation = Installation::on(Some(cluster.database()), &directory());
    installation.simulate(2, 60, 0, false);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let mut failed = 0;
    for wait in [60, 120, 200, 300, 450] {
        let run = installation.command(&["sync", "--json", "--today", "2026-09-10"]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        cluster.kill();
        let output = run.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        if output.status.code() != Some(0) {
            failed += 1;
            // Failed, stopped before its end, or without its directory, which is in the store here.
            assert!([Some(1), Some(4), Some(5)].contains(&output.status.code()), "{:?} {told}", output.status);
        }
        cluster.start_again();
    }
    assert!(failed >= 2, "{failed}");
    installation.sync(&["--today", "2026-09-10"], 0);
    assert_eq!(installation.sync(&["--today", "2026-09-10"], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let wanted = Installation::on(None, &directory());
    wanted.simulate(2, 60, 0, false);
    wanted.sync(&["--today", "2026-09-10"], 0);
    let who = |installation: &Installation| -> BTreeSet<String> {
        let entries = installation.entries();
        entries.iter().filter_map(|entry| entry.first("ENTPersonJointure").map(str::to_owned)).collect()
    };
    assert_eq!(who(&installation), who(&wanted));
}

/// A run whose session is cut may not be the only one any more: it stops, says why, and the next one completes the night.
#[test]
fn a_run_that_lost_its_turn_stops() {
    let installation = Installation::on(Some(Cluster::shared().database()), &directory());
    installation.simulate(2, 60, 0, false);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let run = installation.command(&["sync", "--json", "--today", "2026-09-10"]).spawn().unwrap();
    let since = std::time::Instant::now();
    while installation.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE application_name LIKE 'rentree sync, %' AND datname = current_database()
               AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = x'52454e54'::bigint::oid)",
    ) == "0"
    {
        assert!(since.elapsed() < std::time::Duration::from_secs(30));
    }
    let output = run.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let words: Vec<&str> = told.split_whitespace().filter(|word| *word != "│").collect();
    assert!(words.join(" ").contains("the connection that kept other runs away was lost"), "{told}");
    installation.sync(&["--today", "2026-09-10"], 0);
    assert_eq!(installation.sync(&["--today", "2026-09-10"], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
}

/// A store in a file goes on on a server, and back in a file, as if nothing had been; what it was before is refused.
#[test]
fn a_store_in_a_file_goes_on_on_a_server() {
    let installation = Installation::on(None, &directory());
    installation.simulate(2, 40, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let file = std::fs::read_to_string(installation.config()).unwrap();
    let database = Cluster::shared().database();
    let server = file.replace("sqlite:rentree.db", &database.url());
    std::fs::write(installation.config(), &server).unwrap();
    let before = format!("sqlite:{}", installation.home().join("rentree.db").display());
    let missing = installation.run(&["store", "take-over", "--from", "sqlite:absent.db"]);
    assert_eq!(missing.code, 64, "{}", missing.stderr);
    let taken = installation.run(&["store", "take-over", "--from", &before, "--json"]);
    assert_eq!(taken.code, 0, "{}", taken.stderr);
    assert_eq!(taken.json()["trail_intact"], true);
    assert_eq!(installation.sync(&["--today", "2026-09-10"], 0)["verdict"], "unchanged");
    // New rows get numbers of their own, and who is there keeps the name.
    installation.simulate(2, 40, 60, false);
    let later = installation.sync(&["--today", "2026-11-02"], 0);
    assert!(later["accounts"]["created"].as_u64().unwrap() > 0, "{later}");
    let again = installation.run(&["store", "take-over", "--from", &before]);
    assert_eq!(again.code, 5, "an old copy by now: {}", again.stderr);
    std::fs::write(installation.config(), &file).unwrap();
    let refused = installation.run(&["sync"]);
    assert_eq!(refused.code, 5, "{}", refused.stderr);

    // And back, in a file of another name.
    std::fs::write(installation.config(), file.replace("sqlite:rentree.db", "sqlite:retour.db")).unwrap();
    let back = installation.run(&["store", "take-over", "--from", &database.url()]);
    assert_eq!(back.code, 0, "{}", back.stderr);
    assert_eq!(installation.sync(&["--today", "2026-11-02"], 0)["verdict"], "unchanged");
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    let used = installation.run(&["store", "take-over", "--from", &database.url()]);
    assert_eq!(used.code, 1, "{}", used.stderr);
    assert!(used.stderr.contains("the store is in use already"), "{}", used.stderr);
}

/// Saved and brought back as the manual says, the store goes on.
#[test]
fn what_was_saved_comes_back() {
    let installation = Installation::on(Some(Cluster::shared().database()), &directory());
    installation.simulate(1, 20, 0, false);
    installation.sync(&["--today", "2026-09-10"], 0);
    let saved = installation.home().join("register.dump");
    let url = installation.url();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("pg_dump", &["--format=custom", "--file", saved.to_str().unwrap(), &url]);
    installation.sql("DELETE FROM name; DELETE FROM account; DROP TABLE event");
    run("pg_restore", &["--clean", "--if-exists", "--dbname", &url, saved.to_str().unwrap()]);
    assert_eq!(installation.run(&["audit", "verify"]).code, 0);
    assert_eq!(installation.sync(&["--today", "2026-09-10"], 0)["verdict"], "unchanged");
}
