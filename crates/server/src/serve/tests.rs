use std::path::PathBuf;

use super::*;
use crate::config::TlsSection;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("akkoord-serve-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[tokio::test]
async fn a_taken_port_is_told_with_what_to_do() {
    let first = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = first.local_addr().unwrap();
    let error = listen(address).unwrap_err();
    assert!(matches!(error, ServeError::Taken(taken) if taken == address), "{error:?}");
    assert!(error.to_string().contains(&address.to_string()) && error.to_string().contains("another port"));
    drop(first);
    listen(address).unwrap();
}

#[tokio::test]
async fn an_address_of_another_machine_is_told() {
    let error = listen("192.0.2.1:8080".parse().unwrap()).unwrap_err();
    assert!(matches!(error, ServeError::NotOurs(_)), "{error:?}");
}

#[test]
fn one_server_per_data_folder() {
    let folder = Folder::new("lock");
    let data = folder.0.join("data");
    let first = DataLock::take(&data).unwrap();
    let error = DataLock::take(&data).unwrap_err();
    assert!(matches!(error, LockError::Held { process: Some(id), .. } if id == std::process::id()), "{error:?}");
    assert!(error.to_string().contains("stop it first"), "{error}");
    drop(first);
    DataLock::take(&data).unwrap();
    let postgres = Database::Postgres { url: "postgres://db".to_owned() };
    assert!(lock_data(&postgres, &data).unwrap().is_none(), "nodes share a PostgreSQL database");
}

#[test]
fn wrong_certificate_files_are_told_apart() {
    install_tls_provider();
    let folder = Folder::new("tls");
    let pair = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["login.example.org".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let ((certificate, key), (_, other_key)) = (pair(), pair());
    let certificate = folder.file("cert.pem", &certificate);
    let key = folder.file("key.pem", &key);
    let load = |certificate: &PathBuf, key: &PathBuf| {
        Tls::load(&TlsSection { certificate: certificate.clone(), key: key.clone() })
    };
    assert!(load(&certificate, &key).is_ok());
    let absent = folder.0.join("absent.pem");
    let empty = folder.file("empty.pem", "no PEM in here\n");
    let other_key = folder.file("other.pem", &other_key);
    for (certificate, key, expected) in [
        (&absent, &key, "tls.certificate: cannot read"),
        (&certificate, &absent, "tls.key: cannot read"),
        (&empty, &key, "holds no certificate"),
        (&certificate, &empty, "holds no private key"),
        (&certificate, &certificate, "holds no private key"),
        (&certificate, &other_key, "does not belong to the first certificate"),
    ] {
        let error = load(certificate, key).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn the_ready_file_is_whole_and_ours_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("ready");
    let path = folder.0.join("ready.json");
    write_ready_file(&path, &serde_json::json!({ "login": "http://login.localhost:1" })).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"login\":\"http://login.localhost:1\"}\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "no draft stays");
    assert!(write_ready_file(&folder.0.join("absent/ready.json"), &serde_json::Value::Null).is_err());
}
