//! The PostgreSQL arm: a pool of connections, over TLS when the address asks for it.

use std::{error::Error, time::Duration};

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use rustls::crypto::aws_lc_rs;
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
    types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    dialect::{Dialect, POSTGRES_IS_NEW},
    error::StoreError,
    row::{self, Row, Value},
};

/// Makes the pool. `sslmode=require` in the address means TLS with the platform's certificates, verified; anything
/// else means none, because a connection that is encrypted to whoever answers only looks safe.
pub(crate) fn open(url: &str) -> Result<Pool, StoreError> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(CONNECT);
    if config.get_application_name().is_none() {
        config.application_name("akkoord");
    }
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = if config.get_ssl_mode() == SslMode::Require {
        Manager::from_config(config, tls()?, recycling)
    } else {
        if !config.get_hosts().iter().all(is_local) {
            tracing::warn!("the database is on another machine and its address doesn't say sslmode=require: no TLS");
        }
        config.ssl_mode(SslMode::Disable);
        Manager::from_config(config, NoTls, recycling)
    };
    let setup = Hook::async_fn(|client, _| {
        Box::pin(
            async move { client.batch_execute(Dialect::Postgres.connection_setup()).await.map_err(HookError::Backend) },
        )
    });
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT))
        .recycle_timeout(Some(WAIT))
        .post_create(setup)
        .build()
        .map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Whether the database has never been opened by us.
pub(crate) async fn is_new(pool: &Pool) -> Result<bool, StoreError> {
    let client = pool.get().await?;
    let rows = client.query(POSTGRES_IS_NEW, &[]).await?;
    Ok(rows.is_empty())
}

pub(crate) async fn execute(client: &Object, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute_raw(&statement, params).await?)
}

pub(crate) async fn query(client: &Object, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
    let statement = client.prepare_cached(sql).await?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
    let mut result = Vec::new();
    for row in client.query(&statement, &params).await? {
        let mut values = Vec::with_capacity(row.len());
        for index in 0..row.len() {
            let value = row.try_get::<_, Value>(index).map_err(|_| row::corrupt(sql, index, values.first()))?;
            values.push(value);
        }
        result.push(Row { sql, values, first: 0 });
    }
    Ok(result)
}

fn tls() -> Result<MakeRustlsConnect, StoreError> {
    // The connector uses the process's provider. Whoever installed one before us chose the same library.
    aws_lc_rs::default_provider().install_default().ok();
    match MakeRustlsConnect::with_native_certs() {
        Ok((connector, _)) => Ok(connector),
        Err(_) => Err(StoreError::Unavailable("sslmode=require, and the platform has no certificates".to_owned())),
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

impl ToSql for Value {
    fn to_sql(&self, r#type: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, r#type) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Text(text), &Type::TEXT) => text.as_str().to_sql(r#type, out),
            (Self::Int(number), &Type::INT8) => number.to_sql(r#type, out),
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.as_slice().to_sql(r#type, out),
            _ => Err(format!("a parameter of type {type} got a value of another").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(r#type: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match *r#type {
            Type::INT8 => i64::from_sql(r#type, raw).map(Self::Int),
            Type::BYTEA => Ok(Self::Bytes(raw.to_vec())),
            _ => String::from_sql(r#type, raw).map(Self::Text),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(r#type: &Type) -> bool {
        matches!(*r#type, Type::TEXT | Type::INT8 | Type::BYTEA)
    }
}

const CONNECTIONS: usize = 16;
const CONNECT: Duration = Duration::from_secs(5);
const WAIT: Duration = Duration::from_secs(5);
