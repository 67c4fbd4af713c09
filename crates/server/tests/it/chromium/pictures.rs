//! Pictures of the pages for people to look at: `AKKOORD_PICTURES` names a folder, and every page is written into it,
//! wide and narrow, light and dark, in both languages.

use std::path::PathBuf;

use crate::support::chromium::Tab;

/// A laptop and a small phone, with the height above the fold.
const SIZES: [(&str, u32, u32); 2] = [("wide", 1280, 800), ("narrow", 360, 740)];

/// Takes the pictures of a page, where they are wanted.
pub(super) async fn take(tab: &Tab, name: &str, language: &str) {
    let Some(folder) = folder() else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (shape, width, height) in SIZES {
        tab.size(width, height).await;
        for (light, dark) in [("light", false), ("dark", true)] {
            tab.dark(dark).await;
            tab.picture(&folder.join(format!("{name}.{language}.{shape}.{light}.png"))).await;
        }
    }
    tab.size(1280, 800).await;
    tab.dark(false).await;
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
fn folder() -> Option<PathBuf> {
    std::env::var_os("AKKOORD_PICTURES").filter(|path| !path.is_empty()).map(PathBuf::from)
}
