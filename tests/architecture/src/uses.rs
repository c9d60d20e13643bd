//! The paths that a module names.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    File, ImplItemFn, Item, ItemUse, Macro, Path, TraitItemFn, Visibility,
    visit::{self, Visit},
};

use crate::{
    ModulePath, is_test,
    names::{Names, leaves},
};

/// Collects the paths that a module names, from the root of the crate.
pub(crate) struct Uses<'a> {
    module: &'a [String],
    names: &'a Names,
    /// The local names that stand for modules.
    local: BTreeMap<String, ModulePath>,
    found: Vec<ModulePath>,
}

impl Uses<'_> {
    /// All paths that `module` names and that lie in its crate.
    pub(crate) fn of(module: &[String], file: &File, names: &Names) -> Vec<ModulePath> {
        let mut uses = Uses { module, names, local: BTreeMap::new(), found: Vec::new() };
        uses.visit_file(file);
        uses.found
    }

    fn add(&mut self, path: &[String]) {
        let is_relative = |name: &String| matches!(name.as_str(), "crate" | "self" | "super");
        let Some(first) = path.first() else { return };
        if !is_relative(first)
            && path.len() > 1
            && let Some(module) = self.local.get(first)
        {
            self.found.push([module, &path[1..]].concat());
        } else if (is_relative(first) || path.len() > 1)
            && let Some(path) = self.names.absolute(self.module, path)
        {
            self.found.push(path);
        }
    }

    /// Code in macros is not parsed; paths in it are found by their looks.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add(&std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                other => {
                    self.add(&std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_trait_item_fn(self, item);
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(crate)` and `pub(in path)` use nothing.
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let hands_on = !matches!(item.vis, Visibility::Inherited);
        let (module, names) = (self.module, self.names);
        let mut found = Vec::new();
        leaves(&item.tree, &mut Vec::new(), &mut |path, name| {
            let Some(path) = names.absolute(module, path) else { return };
            found.push((path, name.to_owned()));
        });
        for (path, name) in found {
            if names.is_module(&path) {
                // What is taken from it says more than that it is known.
                self.local.insert(name, path);
            } else if !(hands_on && path.starts_with(module)) {
                self.found.push(path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}
