//! Maps records with the language of Vector: `exotrace-peer-vrl PROGRAM CITY ASN <RECORDS >DOCUMENTS`.
//!
//! The language has tables for look-ups, but the crate has none: `geo` is one over the databases that exotrace has.

use std::{
    env, fs,
    io::{self, BufRead as _, BufWriter, Write as _},
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use anyhow::{Context as _, bail};
use maxminddb::{
    Reader,
    geoip2::{Asn, City},
};
use vrl::{
    compiler::{
        Context, Program, TargetValue, TimeZone, compile,
        prelude::*,
        state::{RuntimeState, TypeState},
    },
    value::{KeyString, ObjectMap, Secrets, Value},
};

static DATABASES: OnceLock<Arc<Databases>> = OnceLock::new();

#[derive(Debug)]
struct Databases {
    city: Reader<Vec<u8>>,
    asn: Reader<Vec<u8>>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [program, city, asn] = arguments.as_slice() else { bail!("exotrace-peer-vrl PROGRAM CITY ASN") };
    let databases = Databases { city: Reader::open_readfile(city)?, asn: Reader::open_readfile(asn)? };
    DATABASES.set(Arc::new(databases)).ok().context("set once")?;
    let program = program_of(&fs::read_to_string(program)?)?;
    let (mut state, zone) = (RuntimeState::default(), TimeZone::default());
    let mut output = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let mut target = TargetValue {
            value: serde_json::from_str(&line?)?,
            metadata: Value::Object(ObjectMap::new()),
            secrets: Secrets::default(),
        };
        let resolved = program.resolve(&mut Context::new(&mut target, &mut state, &zone));
        resolved.map_err(|error| anyhow::anyhow!("{error}"))?;
        state.clear();
        serde_json::to_writer(&mut output, &target.value)?;
        output.write_all(b"\n")?;
    }
    Ok(output.flush()?)
}

fn program_of(text: &str) -> anyhow::Result<Program> {
    let mut functions = vrl::stdlib::all();
    functions.push(Box::new(Geo));
    let result = compile(text, &functions)
        .map_err(|errors| anyhow::anyhow!("{}", vrl::diagnostic::Formatter::new(text, errors)))?;
    Ok(result.program)
}

/// `geo(ip)`: what the databases know of an address.
#[derive(Clone, Copy, Debug)]
struct Geo;

impl Function for Geo {
    fn identifier(&self) -> &'static str {
        "geo"
    }

    fn usage(&self) -> &'static str {
        "Looks an address up."
    }

    fn category(&self) -> &'static str {
        Category::Map.as_ref()
    }

    fn return_kind(&self) -> u16 {
        kind::OBJECT
    }

    fn parameters(&self) -> &'static [Parameter] {
        const PARAMETERS: &[Parameter] = &[Parameter::required("ip", kind::BYTES, "The address.")];
        PARAMETERS
    }

    fn examples(&self) -> &'static [Example] {
        &[]
    }

    fn compile(&self, _: &TypeState, _: &mut FunctionCompileContext, arguments: ArgumentList) -> Compiled {
        Ok(GeoFn { ip: arguments.required("ip") }.as_expr())
    }
}

#[derive(Debug, Clone)]
struct GeoFn {
    ip: Box<dyn Expression>,
}

impl FunctionExpression for GeoFn {
    fn resolve(&self, context: &mut Context) -> Resolved {
        let ip = self.ip.resolve(context)?.try_bytes_utf8_lossy()?.parse::<IpAddr>();
        let mut found = ObjectMap::new();
        if let (Ok(ip), Some(databases)) = (ip, DATABASES.get()) {
            look_up(databases, ip, &mut found);
        }
        Ok(Value::Object(found))
    }

    fn type_def(&self, _: &TypeState) -> TypeDef {
        TypeDef::object(Collection::any()).infallible()
    }
}

fn look_up(databases: &Databases, ip: IpAddr, found: &mut ObjectMap) {
    let put = |object: &mut ObjectMap, key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(KeyString::from(key), value);
        }
    };
    let text = |text: Option<&str>| text.map(|text| Value::from(text.to_owned()));
    if let Some(city) = databases.city.lookup(ip).ok().and_then(|found| found.decode::<City<'_>>().ok().flatten()) {
        let mut geo = ObjectMap::new();
        put(&mut geo, "city_name", text(city.city.names.english));
        put(&mut geo, "continent_name", text(city.continent.names.english));
        put(&mut geo, "country_iso_code", text(city.country.iso_code));
        put(&mut geo, "country_name", text(city.country.names.english));
        if let (Some(lat), Some(lon)) = (city.location.latitude, city.location.longitude) {
            let mut point = ObjectMap::new();
            put(&mut point, "lat", Some(Value::from_f64_or_zero(lat)));
            put(&mut point, "lon", Some(Value::from_f64_or_zero(lon)));
            put(&mut geo, "location", Some(Value::Object(point)));
        }
        put(found, "geo", Some(Value::Object(geo)));
    }
    if let Some(asn) = databases.asn.lookup(ip).ok().and_then(|found| found.decode::<Asn<'_>>().ok().flatten()) {
        let mut system = ObjectMap::new();
        put(&mut system, "number", asn.autonomous_system_number.map(Value::from));
        if let Some(name) = text(asn.autonomous_system_organization) {
            let organization = ObjectMap::from_iter([(KeyString::from("name"), name)]);
            put(&mut system, "organization", Some(Value::Object(organization)));
        }
        put(found, "as", Some(Value::Object(system)));
    }
}
