use super::*;

fn file(digest: &str) -> ConfiguredMapping {
    ConfiguredMapping { version: None, path: Some("mapping.wasm".into()), digest: Some(digest.to_owned()) }
}

fn version(version: &str) -> ConfiguredMapping {
    ConfiguredMapping { version: Some(version.to_owned()), path: None, digest: None }
}

fn copy(digest: &str) -> Option<Override> {
    Some(Override::Copy(digest.to_owned()))
}

fn decisions(configured: ConfiguredMapping, mapping_override: Option<Override>) -> Decisions {
    Decisions { configured, mapping_override, ..Decisions::default() }
}

#[track_caller]
fn check(
    before: &Decisions,
    configured: ConfiguredMapping,
    mapping_override: Option<Override>,
    is_outdated: bool,
) -> Decisions {
    let resumed = before.clone().resume(configured, "");
    assert_eq!((&resumed.decisions.mapping_override, resumed.is_outdated), (&mapping_override, is_outdated));
    resumed.decisions
}

#[test]
fn a_choice_counts_until_the_settings_change() {
    let before = decisions(file("a"), Some(Override::Version("1.20".to_owned())));
    check(&before, file("a"), before.mapping_override.clone(), false);
    check(&before, file("b"), None, true);
    check(&before, version("2.2"), None, true);
    check(&before, ConfiguredMapping::default(), None, true);
    let before = decisions(version("2.2"), copy("a"));
    check(&before, version("2.2"), copy("a"), false);
    check(&before, version("1.20"), None, true);
}

#[test]
fn nothing_decided_is_nothing_outdated() {
    check(&Decisions::default(), version("2.2"), None, false);
    check(&decisions(file("a"), None), file("b"), None, false);
}

#[test]
fn a_pinned_mapping_is_kept_when_its_file_has_other_bytes() {
    let before = Decisions { is_pinned: true, ..decisions(file("a"), None) };
    let after = check(&before, file("b"), copy("a"), false);
    assert!(after.is_pinned);
    assert_eq!(after.configured, file("a"), "the new bytes have not been looked at");
    assert!(check(&before, file("a"), None, false).is_pinned);
    assert!(!check(&before, version("2.2"), None, true).is_pinned);
}

#[test]
fn in_place_of_a_refused_file_maps_what_mapped_before() {
    let mut before = decisions(file("a"), None);
    before.refuse("b", "it traps");
    let resumed = before.clone().resume(file("b"), "");
    assert_eq!(resumed.refused.as_deref(), Some("it traps"));
    assert_eq!(resumed.decisions.mapping_override, copy("a"));
    // And so at every later start.
    assert_eq!(resumed.decisions.clone().resume(file("b"), ""), resumed);
    assert_eq!(resumed.decisions.resume(file("c"), "").decisions.mapping_override, None);
    before.forgive("b");
    check(&before, file("b"), None, false);
}

#[test]
fn a_refused_mapping_is_not_what_mapped_before() {
    let mut before = decisions(file("a"), None);
    before.refuse("a", "it traps");
    let resumed = before.resume(file("a"), "");
    assert_eq!((resumed.decisions.mapping_override, resumed.refused.as_deref()), (None, Some("it traps")));
}

#[test]
fn what_was_refused_is_bounded() {
    let mut decisions = Decisions::default();
    for n in 0..=MAX_REFUSED {
        decisions.refuse(&n.to_string(), &"long ".repeat(MAX_REASON));
        decisions.refuse("again", "and again");
    }
    assert_eq!(decisions.refused.len(), MAX_REFUSED);
    assert_eq!(decisions.reason("0"), None);
    assert_eq!(decisions.reason("again"), Some("and again"));
    assert_eq!(decisions.reason(&MAX_REFUSED.to_string()).map(str::len), Some(MAX_REASON));
}

#[test]
fn decisions_outlast_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mapping.json");
    assert_eq!(Decisions::read(&path).unwrap(), Decisions::default());
    let mut written = Decisions { is_pinned: true, ..decisions(file("a"), copy("b")) };
    written.refuse("c", "it traps");
    written.write(&path).unwrap();
    assert_eq!(Decisions::read(&path).unwrap(), written);
    fs::write(&path, "{\"chosen\":").unwrap();
    let error = Decisions::read(&path).unwrap_err().to_string();
    assert_eq!(error, format!("`{}` is damaged", path.display()));
}

#[test]
fn what_is_built_in_is_chosen_by_its_version() {
    let built_in = crate::mapper::built_in("1.20").unwrap();
    let digest = crate::mapper::digest(built_in.bytes);
    assert_eq!(Override::of(&digest), Some(Override::Version("1.20".to_owned())));
    assert_eq!(Override::of("a"), copy("a"));
    assert_eq!(Override::of(&format!("{digest}, a")), None);
}

#[test]
fn what_another_host_or_other_limits_refused_may_be_right() {
    let mut before = decisions(file("a"), None).on_host("one");
    before.refuse("b", "it traps");
    assert!(before.clone().resume(file("b"), "one").refused.is_some());
    assert!(before.resume(file("b"), "two").refused.is_none());
}

#[test]
fn in_place_of_a_refused_file_maps_the_version_that_the_settings_named_before() {
    let mut before = decisions(version("2.2"), None);
    before.refuse("b", "it traps");
    check(&before, file("b"), Some(Override::Version("2.2".to_owned())), false);
}

#[test]
fn a_new_mapping_with_which_the_program_does_not_live_is_taken_back() {
    let mut before = decisions(file("b"), None);
    before.grace = Some(Grace::new(copy("a"), Utc::now() + chrono::TimeDelta::hours(1)));
    for _ in 0..MAX_UNCLEAN_ENDS {
        let resumed = before.clone().resume(file("b"), "");
        assert!(!resumed.is_taken_back && resumed.decisions.grace().is_some());
        before.note_start();
    }
    let resumed = before.clone().resume(file("b"), "");
    assert!(resumed.is_taken_back && resumed.refused.is_some() && resumed.decisions.grace.is_none());
    assert_eq!(resumed.decisions.mapping_override, copy("a"));
    // Settings that say something else, and an end that is clean, put everything right.
    assert!(!before.clone().resume(file("c"), "").is_taken_back);
    before.note_clean_end();
    assert!(!before.resume(file("b"), "").is_taken_back);
}
