//! Settings, checked and turned into what mapping needs.

use crate::{
    extra_fields::ExtraFields,
    json::build,
    local_domains::LocalDomains,
    settings::{Settings, SettingsError},
    suffix::SuffixList,
    version::Version,
};

/// The tag that keeps `event.original`.
pub(crate) const PRESERVE_TAG: &str = "preserve_original_event";

/// Settings, checked and turned into what mapping needs.
pub(crate) struct SessionSettings {
    pub(crate) local_domains: LocalDomains,
    pub(crate) preserve_original_event: bool,
    /// The tags without those that are empty or repeated, the one for the switch first: each as a JSON string with a
    /// comma after it.
    pub(crate) tags: String,
    pub(crate) drop_status: Vec<String>,
    pub(crate) fields: ExtraFields,
    pub(crate) suffix_list: SuffixList,
}

impl SessionSettings {
    pub(crate) fn new(version: &Version, settings: &Settings) -> Result<Self, SettingsError> {
        if !version.drops_statuses && !settings.drop_status.is_empty() {
            return Err(SettingsError::Unsupported("drop_status".to_owned()));
        }
        let switch = settings.preserve_original_event.then_some(PRESERVE_TAG);
        let mut tags: Vec<String> = Vec::new();
        for tag in switch.into_iter().chain(settings.tags.iter().map(String::as_str)) {
            if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
                tags.push(tag.to_owned());
            }
        }
        let suffix_list = match &settings.suffix_list {
            Some(text) => {
                SuffixList::parse(text).map_err(|error| SettingsError::InvalidSuffixList(error.to_string()))?
            }
            None => SuffixList::built_in(),
        };
        Ok(Self {
            local_domains: LocalDomains::new(settings.local_domains.clone(), version.local_domains_ignore_case),
            preserve_original_event: tags.iter().any(|tag| tag == PRESERVE_TAG),
            tags: tags.iter().map(|tag| build(|out| out.push_string(tag)) + ",").collect(),
            drop_status: settings.drop_status.clone(),
            fields: ExtraFields::parse(settings.fields.as_deref(), &version.reserved_fields)?,
            suffix_list,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versions::{V1_20, V2_2};

    #[test]
    fn the_switch_puts_its_tag_first_and_once() {
        let settings = Settings {
            preserve_original_event: true,
            tags: ["forwarded", "preserve_original_event", "", "forwarded"].map(str::to_owned).to_vec(),
            ..Settings::default()
        };
        let settings = SessionSettings::new(&V2_2, &settings).unwrap();
        assert_eq!(settings.tags, r#""preserve_original_event","forwarded","#);
    }

    #[test]
    fn a_setting_without_a_rule_is_refused() {
        let settings = Settings { drop_status: vec!["Pending".to_owned()], ..Settings::default() };
        let error = SessionSettings::new(&V1_20, &settings).err();
        assert_eq!(error, Some(SettingsError::Unsupported("drop_status".to_owned())));
    }
}
