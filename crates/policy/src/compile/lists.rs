//! The named lists of a file.

use std::collections::BTreeMap;

use crate::error::{Fault, Place, advice};
use crate::matcher::domain::Domain;
use crate::matcher::members::Members;
use crate::rule;
use crate::value::Value;

/// Lists by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    lists: BTreeMap<String, (Vec<Value>, Members)>,
}

impl Lists {
    /// The lists of a file.
    pub fn new(typed: &BTreeMap<String, Vec<rule::Placed<String>>>) -> Result<Self, Fault> {
        let mut lists = BTreeMap::new();
        for (name, members) in typed {
            for member in members {
                let value = Value::Text(member.value.clone());
                Members::new([&value]).map_err(|what| Fault::new(member.place, what).hint(ADDRESS))?;
            }
            let values: Vec<Value> = members.iter().map(|m| Value::Text(m.value.clone())).collect();
            let built = Members::new(&values).map_err(|what| Fault::new(Place::default(), what))?;
            lists.insert(name.clone(), (values, built));
        }
        Ok(Self { lists })
    }

    /// The list of this name.
    pub fn get(&self, name: &str) -> Option<&Members> {
        self.lists.get(name).map(|(_, members)| members)
    }

    fn values<'a>(&'a self, members: &'a rule::Members) -> Result<&'a [Value], Fault> {
        match members {
            rule::Members::Inline(values) => Ok(values),
            rule::Members::List(name) => match self.lists.get(name) {
                Some((values, _)) => Ok(values),
                None => {
                    let known: Vec<&str> = self.lists.keys().map(String::as_str).collect();
                    let hint = if known.is_empty() {
                        "the file has no `lists:`".to_owned()
                    } else {
                        advice(name, &known)
                    };
                    Err(Fault::new(Place::default(), format!("no list is named `{name}`")).hint(hint))
                }
            },
        }
    }

    /// What `in` compares to.
    pub fn members(&self, members: &rule::Members) -> Result<Members, Fault> {
        Members::new(self.values(members)?).map_err(|what| Fault::new(Place::default(), what).hint(ADDRESS))
    }

    /// What `host_in` and `email_domain_in` compare to.
    pub fn domains(&self, members: &rule::Members) -> Result<Vec<Domain>, Fault> {
        let domain = |value: &Value| match value.text() {
            Some(text) => Domain::parse(text),
            None => Err(format!("{} where a host or domain belongs", value.kind())),
        };
        let domains: Result<_, String> = self.values(members)?.iter().map(domain).collect();
        domains.map_err(|what| {
            Fault::new(Place::default(), what).hint("for example `corp.example` or `*.corp.example`")
        })
    }
}

const ADDRESS: &str = "addresses are written like `ann@corp.example`, `*@corp.example` or `*@*.corp.example`";
