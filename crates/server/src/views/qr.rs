//! A QR code as a picture in the page.

use std::fmt::Write;

/// An SVG element that shows a QR code. It is made from dark and light squares alone, so a page may carry it unescaped.
#[derive(Clone, Debug)]
pub struct QrPicture(String);

impl QrPicture {
    /// Draws the squares of a code, row by row, `width` in a row, with the quiet zone of four squares that scanners
    /// need. Black on white in a dark page too, because not every scanner reads the reverse.
    pub fn draw(width: usize, dark: impl IntoIterator<Item = bool>) -> Self {
        let side = width + 2 * QUIET_ZONE;
        let mut path = String::new();
        let width = width.max(1);
        for (index, dark) in dark.into_iter().enumerate() {
            if dark {
                let (x, y) = (index % width + QUIET_ZONE, index / width + QUIET_ZONE);
                // Writing to a String can't fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Self(format!(
            "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        ))
    }

    /// The element.
    pub fn svg(&self) -> &str {
        &self.0
    }
}

const QUIET_ZONE: usize = 4;
