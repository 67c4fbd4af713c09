//! The root key's file.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use akkoord_store::{Place, RootKey, RootKeyError, Seal};

use crate::fixtures::{Counted, Folder};

fn seals_alike(one: &RootKey, other: &RootKey) -> bool {
    let seal = |key| Seal::new(key, std::sync::Arc::new(Counted));
    let sealed = seal(one).seal(Place::JobPayload, "id", b"text");
    seal(other).open(Place::JobPayload, "id", &sealed).is_ok()
}

#[test]
fn a_root_key_is_made_once_for_us_alone() {
    let folder = Folder::new();
    let path = folder.file("root.key");
    let made = RootKey::load_or_create(&path, true, &Counted).unwrap();
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((metadata.mode() & 0o777, metadata.len()), (0o600, 32));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no draft is left");
    let again = RootKey::load_or_create(&path, true, &Counted).unwrap();
    assert!(seals_alike(&made, &again));
    assert!(seals_alike(&made, &RootKey::load_or_create(&path, false, &Counted).unwrap()));
    assert!(!seals_alike(&made, &RootKey::from_bytes([7; 32])));
}

#[test]
fn processes_that_make_a_root_key_at_once_end_with_the_same() {
    let folder = Folder::new();
    let path = folder.file("root.key");
    let keys: Vec<RootKey> = std::thread::scope(|scope| {
        let makers = (0..8).map(|_| scope.spawn(|| RootKey::load_or_create(&path, true, &Counted).unwrap()));
        makers.collect::<Vec<_>>().into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| seals_alike(key, &keys[0])));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no draft is left");
}

#[test]
fn no_root_key_is_made_for_a_database_that_has_one() {
    let folder = Folder::new();
    let path = folder.file("root.key");
    let error = RootKey::load_or_create(&path, false, &Counted).unwrap_err();
    assert!(matches!(error, RootKeyError::Missing(_)));
    assert!(error.to_string().contains("put the file back from its own backup"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_root_key_of_the_wrong_size_is_refused_and_left_alone() {
    let folder = Folder::new();
    let path = folder.file("root.key");
    for size in [0, 31, 33] {
        std::fs::write(&path, vec![1; size]).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let error = RootKey::load_or_create(&path, true, &Counted).unwrap_err();
        assert!(matches!(error, RootKeyError::WrongSize { .. }), "{error}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), u64::try_from(size).unwrap());
    }
}

#[test]
fn a_root_key_that_others_can_read_is_refused() {
    let folder = Folder::new();
    let path = folder.file("root.key");
    std::fs::write(&path, [1; 32]).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = RootKey::load(&path).unwrap_err();
        assert!(matches!(error, RootKeyError::Readable { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_root_key_in_a_folder_that_is_not_there_says_so() {
    let folder = Folder::new();
    let error = RootKey::load_or_create(&folder.file("nowhere/root.key"), true, &Counted).unwrap_err();
    assert!(matches!(error, RootKeyError::Io { .. }), "{error}");
}
