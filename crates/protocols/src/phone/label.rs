//! `LBL/x` of the protocol: what separates one use of a hash or key from another.

/// `akkoord/<purpose>/v1` and a zero byte.
macro_rules! label {
    ($($(#[$doc:meta])* $name:ident = $purpose:literal;)*) => {$(
        $(#[$doc])*
        pub const $name: &[u8] = concat!("akkoord/", $purpose, "/v1\0").as_bytes();
    )*};
}

label! {
    /// A phone's commitment to its key, before it sees the offer.
    COMMIT = "commit";
    /// The challenge of the platform authenticator's first credential.
    ENROL_UV = "enrol-uv";
    /// The challenge over a decision.
    UV = "uv";
    /// The six digits.
    SAS = "sas";
    /// The key that wraps the PIN-protected key.
    PIN_KEK = "pin-kek";
    /// A change of the PIN.
    PIN_CHANGE = "pin-change";
    /// A change of the phone's key.
    ROTATE = "rotate";
    /// A phone that authorises a new one.
    ENROL_START = "enrol-start";
    /// Evidence for a setting of the phone (protocol decision 2026-11-23: the text names no label for it).
    SETTING = "setting";
}
