//! What is well and what isn't, as the tasks themselves last saw it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// A part that the relayer can't work without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// The database.
    Database,
    /// The enclave.
    Enclave,
    /// A chain, by its configured name.
    Chain(String),
}

impl fmt::Display for Component {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => formatter.write_str("database"),
            Self::Enclave => formatter.write_str("enclave"),
            Self::Chain(name) => write!(formatter, "chain {name}"),
        }
    }
}

/// The troubles that tasks met last, one for each component and role. A component without trouble
/// is well; clones share the same record.
#[derive(Clone, Debug, Default)]
pub struct Health {
    troubles: Arc<Mutex<BTreeMap<(Component, &'static str), String>>>,
    notices: Arc<Mutex<BTreeMap<Component, Vec<String>>>>,
}

impl Health {
    /// Notes that `role` met trouble with the component.
    pub fn fail(&self, component: Component, role: &'static str, reason: impl fmt::Display) {
        self.lock().insert((component, role), reason.to_string());
    }

    /// Notes that `role` got through.
    pub fn recover(&self, component: Component, role: &'static str) {
        self.lock().remove(&(component, role));
    }

    /// Notes what an operator should look at, in the place of what was noted of the component before: work
    /// goes on all the same.
    pub fn notice(&self, component: Component, notices: Vec<String>) {
        let mut noted = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.is_empty() {
            noted.remove(&component);
        } else {
            noted.insert(component, notices);
        }
    }

    /// What an operator should look at.
    #[must_use]
    pub fn notices(&self, component: &Component) -> Vec<String> {
        let noted = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(component).cloned().unwrap_or_default()
    }

    /// What is wrong with the component now, each reason once with the roles that met it; without the
    /// reasons that were `said` already.
    #[must_use]
    pub fn troubles(&self, component: &Component, said: &[String]) -> Vec<String> {
        let mut reasons: Vec<(String, Vec<&'static str>)> = Vec::new();
        for ((failing, role), reason) in self.lock().iter() {
            if failing != component || said.contains(reason) {
                continue;
            }
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, roles)) => roles.push(role),
                None => reasons.push((reason.clone(), vec![role])),
            }
        }
        reasons.into_iter().map(|(reason, roles)| format!("{}: {reason}", roles.join(", "))).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Component, &'static str), String>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
