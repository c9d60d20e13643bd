use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    time::Duration,
};

use wasmtime::Config;

use super::*;

/// The smallest components: each with another number in it.
fn component(number: u8) -> Vec<u8> {
    // The header of a component, and a custom section of the name `n` with one byte.
    vec![0, b'a', b's', b'm', 0x0d, 0, 1, 0, 0, 3, 1, b'n', number]
}

fn load(cache: &CodeCache, engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Loaded> {
    cache.load(engine, bytes, |bytes| Component::new(engine, bytes))
}

struct Fixture {
    folder: tempfile::TempDir,
    engine: Engine,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), engine: Engine::default() }
    }

    fn cache(&self) -> CodeCache {
        CodeCache::open(&self.path("cache")).unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Loaded {
        load(&self.cache(), &self.engine, &component(1)).unwrap()
    }

    /// The files of compiled code.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("cache")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION)).collect()
    }

    /// Changes the one file, and sees that it is not taken, but replaced.
    #[track_caller]
    fn check_foreign(&self, change: impl FnOnce(&mut Vec<u8>)) {
        self.load();
        let file = self.files().pop().unwrap();
        let mut contents = fs::read(&file).unwrap();
        change(&mut contents);
        fs::write(&file, contents).unwrap();
        let loaded = self.load();
        assert!(!loaded.from_cache && matches!(loaded.trouble, Some(Trouble::Foreign(_))), "{:?}", loaded.trouble);
        let loaded = self.load();
        assert!(loaded.from_cache && loaded.trouble.is_none());
    }
}

#[test]
fn the_second_time_nothing_is_compiled() {
    let fixture = Fixture::new();
    assert!(!fixture.load().from_cache);
    assert!(fixture.load().from_cache);
    assert!(!load(&fixture.cache(), &fixture.engine, &component(2)).unwrap().from_cache);
    assert_eq!(fixture.files().len(), 2);
}

#[test]
fn other_settings_of_the_engine_have_their_own_code() {
    let fixture = Fixture::new();
    fixture.load();
    let other = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    assert!(!load(&fixture.cache(), &other, &component(1)).unwrap().from_cache);
    assert!(fixture.load().from_cache);
    assert_eq!(fixture.files().len(), 2);
}

#[test]
fn damaged_code_is_compiled_anew() {
    let fixture = Fixture::new();
    fixture.check_foreign(|contents| *contents.last_mut().unwrap() ^= 1);
    fixture.check_foreign(|contents| contents[0] ^= 1);
    fixture.check_foreign(|contents| contents.truncate(contents.len() - 1));
    fixture.check_foreign(|contents| contents.truncate(TAG_BYTES - 1));
    fixture.check_foreign(Vec::clear);
}

#[test]
fn code_of_another_cache_is_compiled_anew() {
    let (fixture, other) = (Fixture::new(), Fixture::new());
    other.load();
    let foreign = fs::read(other.files().pop().unwrap()).unwrap();
    fixture.check_foreign(|contents| *contents = foreign);
}

#[test]
fn code_of_another_component_is_not_taken() {
    let fixture = Fixture::new();
    let cache = fixture.cache();
    load(&cache, &fixture.engine, &component(2)).unwrap();
    let other = fs::read(fixture.files().pop().unwrap()).unwrap();
    fs::remove_file(fixture.files().pop().unwrap()).unwrap();
    fixture.check_foreign(|contents| *contents = other);
}

#[test]
fn a_key_that_others_can_read_is_not_used_again() {
    let fixture = Fixture::new();
    fixture.load();
    let key = fixture.path("cache/key");
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(fixture.path("cache")).unwrap().mode() & 0o777, 0o700);
    let before = fs::read(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(fixture.load().trouble, Some(Trouble::Foreign(_))));
    assert_ne!(fs::read(&key).unwrap(), before);
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    assert!(fixture.load().from_cache);
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let fixture = Fixture::new();
    fixture.cache();
    let folder = fixture.path("cache");
    let file = |number: u64, age: u64| {
        let path = folder.join(format!("{number}.{EXTENSION}"));
        fs::write(&path, [0; 100]).unwrap();
        let modified = SystemTime::now() - Duration::from_secs(age);
        fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        path
    };
    let paths = [file(1, 10), file(2, 40), file(3, 30), file(4, 50)];
    bound(&folder, &paths[3], 250).unwrap();
    let mut left = fixture.files();
    left.sort();
    // The oldest one was just written, so it stays.
    assert_eq!(left, [paths[0].clone(), paths[3].clone()]);
    assert!(fixture.path("cache/key").exists());
}

#[test]
fn a_cache_that_cannot_be_written_does_no_harm() {
    let fixture = Fixture::new();
    let cache = fixture.cache();
    fs::remove_dir_all(fixture.path("cache")).unwrap();
    let loaded = load(&cache, &fixture.engine, &component(1)).unwrap();
    assert!(!loaded.from_cache && matches!(loaded.trouble, Some(Trouble::Write(_))), "{:?}", loaded.trouble);
}

#[test]
fn what_does_not_compile_is_not_kept() {
    let fixture = Fixture::new();
    assert!(load(&fixture.cache(), &fixture.engine, b"\0asm").is_err());
    assert!(fixture.files().is_empty());
}

#[test]
fn a_file_or_key_that_is_something_else_is_not_waited_for() {
    let fixture = Fixture::new();
    fixture.load();
    let (file, key) = (fixture.files().pop().unwrap(), fixture.path("cache/key"));
    let pipe = |path: &std::path::Path| {
        fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    pipe(&file);
    let loaded = fixture.load();
    assert!(matches!(loaded.trouble, Some(Trouble::Foreign(_))), "{:?}", loaded.trouble);
    assert!(fixture.load().from_cache, "another one took its place");
    pipe(&key);
    assert!(matches!(fixture.load().trouble, Some(Trouble::Foreign(_))));
    let target = fixture.path("target");
    fs::write(&target, [0; 32]).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(&key).unwrap();
    std::os::unix::fs::symlink(&target, &key).unwrap();
    assert!(matches!(fixture.load().trouble, Some(Trouble::Foreign(_))), "a key of somebody else's choice");
    assert!(fs::symlink_metadata(&key).unwrap().is_file());
}

#[test]
fn a_folder_behind_a_link_is_left_alone() {
    let fixture = Fixture::new();
    let target = fixture.path("target");
    fs::create_dir(&target).unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(&target, fixture.path("cache")).unwrap();
    assert!(CodeCache::open(&fixture.path("cache")).is_err());
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o755);
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
}

/// Only who is root can give a folder away; anybody else has the root folder as another user's.
#[test]
fn a_folder_of_another_user_is_not_used() {
    let fixture = Fixture::new();
    let folder = fixture.path("cache");
    fixture.load();
    if std::os::unix::fs::chown(&folder, Some(12345), None).is_ok() {
        let error = CodeCache::open(&folder).err().unwrap();
        assert_eq!(error.to_string(), "it belongs to another user");
        std::os::unix::fs::chown(&folder, Some(fs::metadata(fixture.path(".")).unwrap().uid()), None).unwrap();
        std::os::unix::fs::chown(folder.join("key"), Some(12345), None).unwrap();
        assert!(matches!(fixture.load().trouble, Some(Trouble::Foreign(_))));
    } else {
        assert!(CodeCache::open(std::path::Path::new("/")).is_err());
    }
}
