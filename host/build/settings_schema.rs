//! The JSON Schema of the settings, made of the structs that they are read into: their fields, types and doc comments,
//! and the words and ranges that their readers take. What a new kind reads is found by its `SectionKind`.

use std::{
    collections::BTreeMap,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use serde_json::{Map, Value, json};
use syn::{
    Attribute, Expr, Fields, GenericArgument, ImplItem, Item, ItemImpl, ItemStruct, Lit, Meta, PathArguments, Token,
    Type, parse::Parser as _, punctuated::Punctuated,
};

/// What a value may have in it in any place: the environment decides what it is then.
const VARIABLE: &str = r"\$\{";

/// What every text has to have.
const NOT_BLANK: &str = r"\S";

/// A length of time, as `90s` or `1h 30m`.
const DURATION: &str = r"^ *(0|[0-9]+ *[a-zA-Zµ]+( *[0-9]+ *[a-zA-Zµ]+)*) *$";

/// A length of time that is none.
const ZERO: &str = r"^[0 a-zA-Zµ]*$";

/// An address with a port.
const ADDRESS: &str = r"^(\[[0-9a-fA-F:.]+\]|[0-9.]+):[0-9]+$";

/// The schema, and the files that it was made of.
pub(super) fn schema(sources: &Path) -> Result<(Value, Vec<PathBuf>), Box<dyn Error>> {
    let mut code = Code::default();
    code.read(sources)?;
    Ok((code.schema()?, code.files))
}

/// What the sources say about settings.
#[derive(Default)]
struct Code {
    files: Vec<PathBuf>,
    /// The structs of settings by their names, each with its folder.
    tables: BTreeMap<String, (PathBuf, ItemStruct)>,
    kinds: Vec<Kind>,
    /// What readers allow, by the folder of the reader and the key.
    allowed: BTreeMap<(PathBuf, String), Vec<Value>>,
}

/// A kind of source or output.
struct Kind {
    /// `source` or `output`.
    section: &'static str,
    /// Its types.
    names: Vec<String>,
    /// The structs of its keys.
    tables: Vec<String>,
}

impl Code {
    fn read(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let mut paths: Vec<_> =
            fs::read_dir(folder)?.map(|entry| entry.map(|it| it.path())).collect::<Result<_, _>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read(&path)?;
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)?;
                let is_about_settings = ["deny_unknown_fields", "SectionKind<", "ValueReader<"];
                if is_about_settings.iter().any(|word| text.contains(word)) {
                    self.read_file(folder, &text).map_err(|error| format!("{}: {error}", path.display()))?;
                    self.files.push(path);
                }
            }
        }
        Ok(())
    }

    fn read_file(&mut self, folder: &Path, text: &str) -> Result<(), Box<dyn Error>> {
        for item in syn::parse_file(text)?.items {
            match item {
                Item::Struct(item) if item.ident.to_string().ends_with("Table") && is_read(&item.attrs) => {
                    let name = item.ident.to_string();
                    if self.tables.insert(name.clone(), (folder.to_owned(), item)).is_some() {
                        return Err(format!("two structs of settings have the name `{name}`").into());
                    }
                }
                Item::Impl(item) => self.kinds.extend(kind(&item)),
                _ => {}
            }
        }
        self.read_calls(folder, text.parse()?);
        Ok(())
    }

    /// Looks for calls as `reader.choice("key", …, &["one", "other"])`.
    fn read_calls(&mut self, folder: &Path, tokens: TokenStream) {
        let mut name = String::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => name = ident.to_string(),
                TokenTree::Group(group) => {
                    if let Some((key, allowed)) = call(&name, group.stream()) {
                        self.allowed.entry((folder.to_owned(), key)).or_default().push(allowed);
                    }
                    self.read_calls(folder, group.stream());
                    name.clear();
                }
                _ => name.clear(),
            }
        }
    }

    fn schema(&self) -> Result<Value, Box<dyn Error>> {
        let mut schema = self.object(&["SettingsTable"])?;
        for (section, common) in [("source", "SourceTable"), ("output", "OutputTable")] {
            let mut kinds = Vec::new();
            let of_section = || self.kinds.iter().filter(|kind| kind.section == section);
            let all: Vec<_> = of_section().flat_map(|kind| &kind.names).map(String::as_str).collect();
            for kind in of_section() {
                let tables: Vec<_> = [common].into_iter().chain(kind.tables.iter().map(String::as_str)).collect();
                let mut object = self.object(&tables)?;
                object["title"] = kind.names.join(", ").into();
                object["properties"]["type"]["enum"] = kind.names.clone().into();
                let about = object["properties"]["type"]["description"].as_str().unwrap_or_default();
                object["properties"]["type"]["description"] = format!("{about} One of `{}`.", all.join("`, `")).into();
                kinds.push(object);
            }
            if kinds.is_empty() {
                return Err(format!("no kind of `{section}` was found").into());
            }
            schema["properties"][section] = json!({ "type": "array", "minItems": 1, "items": { "oneOf": kinds } });
        }
        schema["required"].as_array_mut().into_iter().for_each(|required| required.push("output".into()));
        // Of which there may be both.
        schema["anyOf"] = json!([{ "required": ["source"] }, { "required": ["sources_dir"] }]);
        schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
        schema["title"] = "Settings of exotrace".into();
        Ok(schema)
    }

    /// The schema of a table that has the keys of these structs.
    fn object(&self, tables: &[&str]) -> Result<Value, Box<dyn Error>> {
        let (mut properties, mut required, mut choices) = (Map::new(), Vec::new(), Vec::new());
        for table in tables {
            let (folder, item) = self.tables.get(*table).ok_or_else(|| format!("there is no struct `{table}`"))?;
            let Fields::Named(fields) = &item.fields else { continue };
            for field in &fields.named {
                let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                let key = ident.trim_start_matches("r#").to_owned();
                let about = about(&field.attrs);
                let mut property = self.value(&field.ty)?;
                self.allow(folder, &key, &mut property);
                match about.is_empty() {
                    // What has no comment has another name by now.
                    true if property["type"] != "object" && property["type"] != "array" => {
                        property["deprecated"] = true.into();
                    }
                    true => {}
                    false => property["description"] = about.clone().into(),
                }
                if let Some(default) = default(&about, &property["type"]) {
                    property["default"] = default;
                }
                if property["type"] == "integer" && property.get("maximum").is_none() {
                    limit(&about, &mut property);
                }
                if is_required(&about) {
                    required.push(Value::from(key.clone()));
                }
                choices.extend(other_choice(&about).map(|other| (key.clone(), other)));
                properties.insert(key, property);
            }
        }
        let mut object = json!({
            "type": "object", "additionalProperties": false, "properties": properties, "required": required,
        });
        for (key, other) in choices {
            for key in [&key, &other] {
                if object["properties"][key]["type"] == "array" {
                    object["properties"][key]["minItems"] = 1.into();
                }
            }
            object["oneOf"] = json!([{ "required": [key] }, { "required": [other] }]);
        }
        Ok(object)
    }

    /// The schema of a value of this type.
    fn value(&self, r#type: &Type) -> Result<Value, Box<dyn Error>> {
        let Type::Path(path) = r#type else { return Err("a setting of an odd type".into()) };
        let last = path.path.segments.last().ok_or("a setting without a type")?;
        let name = last.ident.to_string();
        let inner = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            }),
            _ => return self.plain(&name),
        };
        let last_inner = inner.last().ok_or("a setting of an odd type")?;
        Ok(match name.as_str() {
            "Option" | "Spanned" | "Setting" => self.value(last_inner)?,
            "Vec" => json!({ "type": "array", "items": self.value(last_inner)? }),
            "BTreeMap" => json!({ "type": "object", "additionalProperties": self.value(last_inner)? }),
            _ => return Err(format!("no schema is known for the type `{name}`").into()),
        })
    }

    fn plain(&self, name: &str) -> Result<Value, Box<dyn Error>> {
        Ok(match name {
            "String" => json!({ "type": "string", "pattern": NOT_BLANK }),
            "bool" => json!({ "type": "boolean" }),
            "i64" => json!({ "type": "integer" }),
            "f64" => json!({ "type": "number" }),
            // Read by its kind, or free.
            "AnyTable" | "Table" => json!({ "type": "object" }),
            _ if self.tables.contains_key(name) => self.object(&[name])?,
            _ => return Err(format!("no schema is known for the type `{name}`").into()),
        })
    }

    /// Adds what the reader of a key allows, if there is one such reader.
    fn allow(&self, folder: &Path, key: &str, property: &mut Value) {
        let Some([allowed]) = self.allowed.get(&(folder.to_owned(), key.to_owned())).map(Vec::as_slice) else { return };
        for (name, value) in allowed.as_object().into_iter().flatten() {
            property[name] = value.clone();
        }
    }
}

/// Whether a struct is read from the settings.
fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("serde") && list.tokens.to_string().contains("deny_unknown_fields"),
        _ => false,
    })
}

/// What an `impl SectionKind<SourceContext> for …` says.
fn kind(item: &ItemImpl) -> Option<Kind> {
    let (_, path, _) = item.trait_.as_ref()?;
    let last = path.segments.last().filter(|last| last.ident == "SectionKind")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let GenericArgument::Type(Type::Path(context)) = arguments.args.first()? else { return None };
    let section = match context.path.segments.last()?.ident.to_string().as_str() {
        "SourceContext" => "source",
        "OutputContext" => "output",
        _ => return None,
    };
    let (mut names, mut tables) = (Vec::new(), Vec::new());
    for item in &item.items {
        match item {
            ImplItem::Const(item) if item.ident == "NAMES" => names = words(&item.expr),
            ImplItem::Fn(item) if item.sig.ident == "keys" => {
                tables = keys_of(item.block.to_token_stream());
            }
            _ => {}
        }
    }
    Some(Kind { section, names, tables })
}

/// The structs that `keys::<…>()` names.
fn keys_of(tokens: TokenStream) -> Vec<String> {
    let text = tokens.to_string().replace(' ', "");
    text.split("keys::<").skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name.to_owned()).collect()
}

/// The words of an array, as `&["one", "other"]`; none when it is something else.
fn words(expression: &Expr) -> Vec<String> {
    let array = match expression {
        Expr::Reference(reference) => &*reference.expr,
        other => other,
    };
    let Expr::Array(array) = array else { return Vec::new() };
    array.elems.iter().filter_map(text).collect()
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn number(expression: &Expr) -> Option<i64> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn share(expression: &Expr) -> Option<f64> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Float(number) => number.base10_parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The key of a call that reads a setting, and what it allows.
fn call(name: &str, arguments: TokenStream) -> Option<(String, Value)> {
    let known =
        ["address", "choice", "number", "share", "duration", "some_duration", "within_look_back", "look_back_or_auto"];
    if !known.contains(&name) {
        return None;
    }
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments).ok()?;
    let key = arguments.iter().find_map(text)?;
    let allowed = match (name, arguments.iter().nth(2)) {
        ("choice", Some(words_given)) => {
            let words = words(words_given);
            if words.is_empty() {
                return None;
            }
            json!({ "anyOf": [{ "enum": words }, { "pattern": VARIABLE }] })
        }
        ("number", Some(Expr::Range(range))) => {
            let bound = |bound: &Option<Box<Expr>>| bound.as_deref().and_then(number);
            let mut allowed = Map::new();
            allowed.extend(bound(&range.start).map(|least| ("minimum".to_owned(), least.into())));
            allowed.extend(bound(&range.end).map(|most| ("maximum".to_owned(), most.into())));
            allowed.into()
        }
        ("share", Some(Expr::Range(range))) => {
            let bound = |bound: &Option<Box<Expr>>| bound.as_deref().and_then(share);
            let mut allowed = Map::new();
            allowed.extend(bound(&range.start).map(|least| ("minimum".to_owned(), least.into())));
            allowed.extend(bound(&range.end).map(|most| ("maximum".to_owned(), most.into())));
            allowed.into()
        }
        ("choice" | "number" | "share", _) => return None,
        ("address", _) => json!({ "anyOf": [{ "pattern": ADDRESS }, { "pattern": VARIABLE }] }),
        ("look_back_or_auto", _) => {
            json!({ "anyOf": [{ "pattern": DURATION }, { "enum": ["auto"] }, { "pattern": VARIABLE }] })
        }
        ("some_duration", _) => {
            json!({ "anyOf": [{ "pattern": DURATION, "not": { "pattern": ZERO } }, { "pattern": VARIABLE }] })
        }
        _ => json!({ "anyOf": [{ "pattern": DURATION }, { "pattern": VARIABLE }] }),
    };
    Some((key, allowed))
}

/// The doc comment, in one paragraph.
fn about(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => text(&pair.value),
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The default that the comment names, when it is a single value of this type.
fn default(about: &str, r#type: &Value) -> Option<Value> {
    let (_, rest) = about.rsplit_once("Default: `")?;
    let (value, rest) = rest.split_once('`')?;
    if !rest.starts_with('.') {
        return None;
    }
    match r#type.as_str()? {
        "string" => Some(value.into()),
        _ => serde_json::from_str(value).ok(),
    }
}

/// Adds the range that the comment names, as `1 to 5000`.
fn limit(about: &str, property: &mut Value) {
    let words: Vec<_> = about.split([' ', ',', '.']).collect();
    let range = words.windows(3).find_map(|words| match words {
        [least, "to", most] => Some((least.parse::<i64>().ok()?, most.parse::<i64>().ok()?)),
        _ => None,
    });
    if let Some((least, most)) = range {
        (property["minimum"], property["maximum"]) = (least.into(), most.into());
    }
}

/// The other key of which one has to be there, as `This or `other` is required.` says.
fn other_choice(about: &str) -> Option<String> {
    let (_, rest) = about.split_once("This or `")?;
    let (other, rest) = rest.split_once('`')?;
    rest.starts_with(" is required").then(|| other.to_owned())
}

/// Whether the comment says that the key has to be there, and always.
fn is_required(about: &str) -> bool {
    about.split(". ").any(|sentence| {
        let sentence = sentence.trim_end_matches('.');
        sentence == "Required" || sentence.starts_with("Required for ") || sentence == "Required, but for files"
    })
}
