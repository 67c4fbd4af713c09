use super::*;

fn load(text: &str) -> Result<Config, String> {
    let folder = std::env::temp_dir().join(format!("akkoord-config-{}-{:p}", std::process::id(), text));
    std::fs::write(&folder, text).unwrap();
    let result = Config::load(Some(&folder), &[]).map_err(|error| error.to_string());
    std::fs::remove_file(folder).unwrap();
    result
}

#[test]
fn an_empty_file_is_a_working_configuration_for_one_machine() {
    let config = load("").unwrap();
    assert_eq!(config.public_url, "http://login.localhost:8080");
    assert_eq!(config.phone_url, "http://phone.localhost:8080");
    assert_eq!(config.login_authority, "login.localhost:8080");
    assert!(!config.is_single_name());
}

#[test]
fn wrong_values_name_their_key_and_what_to_do() {
    for (text, expected) in [
        ("nmae = \"x\"", "unknown field `nmae`"),
        ("[database]\nurll = \"x\"", "unknown field `urll`"),
        ("public_url = \"http://login.example.org\"", "public_url: plain http is allowed only"),
        ("public_url = \"https://login.example.org/\"", "public_url"),
        ("public_url = \"https://login.example.org/sso\"", "has a path"),
        ("public_url = \"https://example.org\"\nphone_url = \"https://phone.example.org\"", "siblings"),
        ("listen = \"8080\"", "listen: \"8080\" is not an address and port"),
        ("listen = \"0.0.0.0:8080\"", "listen: listening beyond this machine"),
        ("trusted_proxies = [\"10.0.0.1/8\"]", "trusted_proxies: \"10.0.0.1/8\" is not a network"),
        ("[database]\nurl = \"mysql://x\"", "database.url: must start with postgres://"),
        ("name = \"a\\u202Eb\"", "name: has a character that cannot be shown"),
        ("name = 5", "invalid type"),
        ("[mail]\nurl = \"ftp://x\"\nfrom = \"a@example.org\"", "mail"),
    ] {
        let error = load(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_environment_goes_over_the_file_and_is_checked_as_strictly() {
    let variables = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let config = Config::load(
        None,
        &variables(&[
            ("AKKOORD_NAME", "Example School"),
            ("AKKOORD_DATABASE__URL", "postgres://db/akkoord"),
            ("AKKOORD_TRUSTED_PROXIES", "[\"10.0.0.0/8\"]"),
            ("AKKOORD_CONFIG", "elsewhere"),
        ]),
    )
    .unwrap();
    assert_eq!(config.name, "Example School");
    assert_eq!(config.trusted_proxies.len(), 1);
    let error = Config::load(None, &variables(&[("AKKOORD_NMAE", "x")])).unwrap_err().to_string();
    assert!(error.contains("unknown field `nmae`"), "{error}");
}

#[test]
fn networks_hold_what_they_say() {
    let network: Network = "192.0.2.0/24".parse().unwrap();
    for (address, inside) in
        [("192.0.2.7", true), ("192.0.3.7", false), ("::ffff:192.0.2.7", true), ("2001:db8::1", false)]
    {
        assert_eq!(network.contains(address.parse().unwrap()), inside, "{address}");
    }
    assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("8.8.8.8".parse().unwrap()));
    assert!("2001:db8::/32".parse::<Network>().unwrap().contains("2001:db8:1::1".parse().unwrap()));
    assert!("192.0.2.0/33".parse::<Network>().is_err());
    let key = |text: &str| Network::of_neighbours(text.parse().unwrap()).key();
    assert_eq!(key("192.0.2.1"), key("192.0.2.200"));
    assert_ne!(key("192.0.2.1"), key("192.0.3.1"));
    assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
}
