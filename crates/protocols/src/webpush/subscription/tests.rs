use super::*;

/// The public key of RFC 8291 appendix A.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";

fn checked(endpoint: &str, on_this_machine: bool) -> Result<(), SubscriptionError> {
    let keys = Keys { p256dh: P256DH.parse().unwrap(), auth: Bytes([1; 16]) };
    Subscription { endpoint: endpoint.to_owned(), keys }.check(on_this_machine)
}

#[test]
fn endpoints_of_push_services_are_taken() {
    for endpoint in [
        "https://fcm.googleapis.com/fcm/send/abc:def_-123",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGz-x_9",
        "https://db5p.notify.windows.com/w/?token=BQ%3d",
        "https://push.example.org:8443/x",
        "https://203.1.2.3/x",
        "https://[2606:4700::1111]/x",
    ] {
        assert_eq!(checked(endpoint, false), Ok(()), "{endpoint}");
    }
}

#[test]
fn endpoints_that_lead_inside_are_refused() {
    for endpoint in [
        "https://localhost/x",
        "https://LOCALHOST./x",
        "https://push.localhost/x",
        "https://push/x",
        "https://push.local/x",
        "https://metadata.google.internal/x",
        "https://nas.home.arpa/x",
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f.0.0.1/x",
        "https://0.0.0.0/x",
        "https://10.0.0.1/x",
        "https://172.16.0.1/x",
        "https://192.168.1.1/x",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/x",
        "https://198.18.0.1/x",
        "https://192.0.2.1/x",
        "https://224.0.0.1/x",
        "https://255.255.255.255/x",
        "https://[::1]/x",
        "https://[::]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://[64:ff9b::a00:1]/x",
        "https://[2002:a00:1::]/x",
        "https://[2001:db8::1]/x",
        "https://[fd00::1]/x",
        "https://[fe80::1]/x",
        "https://[ff02::1]/x",
    ] {
        assert_eq!(checked(endpoint, false), Err(SubscriptionError::NotPublic), "{endpoint}");
    }
}

#[test]
fn only_this_machine_itself_may_name_this_machine() {
    for endpoint in ["http://localhost:9/x", "http://127.0.0.1:9/x", "https://[::1]/x"] {
        assert_eq!(checked(endpoint, true), Ok(()), "{endpoint}");
        assert!(checked(endpoint, false).is_err(), "{endpoint}");
    }
    assert_eq!(checked("http://push.example.org/x", true), Err(SubscriptionError::Insecure));
    assert_eq!(checked("https://10.0.0.1/x", true), Err(SubscriptionError::NotPublic));
}

#[test]
fn what_is_no_plain_address_is_refused() {
    for endpoint in [
        "",
        "x",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "wss://push.example.org/x",
        "https://user@push.example.org/x",
        "https://user:pass@push.example.org/x",
        "https://push.example.org/x#y",
        "https://push.example.org/x y",
        "https://push.example.org/x\n",
    ] {
        assert_eq!(checked(endpoint, false), Err(SubscriptionError::Form), "{endpoint:?}");
    }
    let long = format!("https://push.example.org/{}", "x".repeat(1000));
    assert_eq!(checked(&long, false), Err(SubscriptionError::TooLong));
}

#[test]
fn a_key_off_the_curve_is_refused() {
    let keys = Keys { p256dh: Bytes([4; 65]), auth: Bytes([1; 16]) };
    let subscription = Subscription { endpoint: "https://push.example.org/x".to_owned(), keys };
    assert_eq!(subscription.check(false), Err(SubscriptionError::Key));
    assert_eq!(format!("{subscription:?}"), "Subscription([redacted])");
}
