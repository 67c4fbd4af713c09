//! As much of Protocol Buffers as three messages take.

/// A field's value. The kinds that no message of ours has are skipped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Number(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, up to the first that cannot be read.
pub(super) fn fields(mut message: &[u8]) -> impl Iterator<Item = (u64, Value<'_>)> {
    std::iter::from_fn(move || {
        loop {
            let tag = take_number(&mut message)?;
            let value = match tag & 7 {
                0 => Value::Number(take_number(&mut message)?),
                1 => Value::Fixed(u64::from_le_bytes(*message.split_off(..8)?.first_chunk()?)),
                2 => {
                    let length = usize::try_from(take_number(&mut message)?).ok()?;
                    Value::Bytes(message.split_off(..length)?)
                }
                5 => {
                    message.split_off(..4)?;
                    continue;
                }
                _ => return None,
            };
            return Some((tag >> 3, value));
        }
    })
}

fn take_number(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Appends a number in as many bytes as it needs.
pub(super) fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while let Some(low @ 0x80..) = Some(number) {
        out.push((low & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Writes a message.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn number(mut self, field: u64, value: u64) -> Self {
        put_number(field << 3, &mut self.0);
        put_number(value, &mut self.0);
        self
    }

    pub(super) fn fixed(mut self, field: u64, value: u64) -> Self {
        put_number(field << 3 | 1, &mut self.0);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        put_number(field << 3 | 2, &mut self.0);
        put_number(value.len() as u64, &mut self.0);
        self.0.extend(value);
        self
    }

    pub(super) fn text(self, field: u64, value: &str) -> Self {
        self.bytes(field, value.as_bytes())
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, Writer, fields};

    #[test]
    fn what_is_written_is_read() {
        let message = Writer::default().number(1, 300).fixed(7, u64::MAX).text(21, "hello").number(2, 0).done();
        let read: Vec<_> = fields(&message).collect();
        let expected =
            [(1, Value::Number(300)), (7, Value::Fixed(u64::MAX)), (21, Value::Bytes(b"hello")), (2, Value::Number(0))];
        assert_eq!(read, expected);
        assert_eq!(
            message[..3],
            [0x08, 0xac, 0x02],
            "the example of the encoding's own documentation has 150; this is 300"
        );
    }

    #[test]
    fn what_is_cut_off_ends() {
        let message = Writer::default().number(1, 300).text(2, "hello").done();
        for length in 0..message.len() {
            assert!(fields(&message[..length]).count() < 2, "{length} bytes");
        }
    }
}
