//! Settings of the whole installation, by name.

use crate::{error::StoreError, params, tx::Tx};

impl Tx {
    /// A setting.
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self.query_opt("SELECT value FROM settings WHERE name = $1", params![name]).await?;
        row.map(|row| row.get(0)).transpose()
    }

    /// Sets a setting, whatever it was.
    pub async fn set_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) \
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.execute(sql, params![name, value]).await.map(drop)
    }

    /// Sets a setting that nobody has set yet; of several who try, one gets `true`.
    pub async fn add_setting(&mut self, name: &str, value: &str) -> Result<bool, StoreError> {
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.changed(sql, params![name, value]).await
    }
}
