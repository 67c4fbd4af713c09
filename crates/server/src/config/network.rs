//! Networks as people write them: `192.0.2.0/24`, `2001:db8::/32`, or one address.

use std::{net::IpAddr, str::FromStr};

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a network such as 192.0.2.0/24 or 2001:db8::/32")]
pub struct NetworkError(String);

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

impl Network {
    /// Whether the address lies in it. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, own_width) = bits(self.address);
        let (other, width) = bits(address.to_canonical());
        let shift = 128 - u32::from(self.prefix);
        own_width == width && (shift == 128 || (own ^ other) >> shift == 0)
    }

    /// The network that limits count by: a household or office, IPv4 /24 or IPv6 /64.
    pub fn of_neighbours(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: if address.is_ipv4() { 24 } else { 64 } }
    }

    /// The first 64 bits, as a key for counting.
    pub fn key(&self) -> u64 {
        let (bits, _) = bits(self.address);
        let masked = bits >> (128 - u32::from(self.prefix));
        u64::try_from(masked).unwrap_or(u64::MAX) ^ if self.address.is_ipv4() { 1 << 63 } else { 0 }
    }
}

impl FromStr for Network {
    type Err = NetworkError;
    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let (value, width) = bits(address);
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| wrong())?,
            None => width,
        };
        if prefix > width {
            return Err(wrong());
        }
        // Bits behind the prefix are a slip of the pen: better told than guessed.
        let rest = if prefix == 0 { value } else { value.checked_shl(u32::from(prefix)).unwrap_or(0) };
        if rest != 0 {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }
}
