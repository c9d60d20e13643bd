//! Settings, checked and turned into what mapping needs.

use crate::{
    cloud::Cloud,
    extra_fields::ExtraFields,
    guid,
    json::build,
    local_domains::LocalDomains,
    privacy::{Original, Privacy, Profile},
    settings::{Settings, SettingsError},
    suffix::SuffixList,
    version::Version,
};

/// The tag that keeps `event.original`.
pub(crate) const PRESERVE_TAG: &str = "preserve_original_event";

/// Settings, checked and turned into what mapping needs.
pub(crate) struct SessionSettings {
    /// The tenant's id in its one form; empty when nobody has named it.
    pub(crate) tenant_id: String,
    /// `event.url` up to the id of the message; empty when the tenant has no GUID.
    pub(crate) url_beginning: String,
    pub(crate) cloud: Cloud,
    pub(crate) local_domains: LocalDomains,
    pub(crate) preserve_original_event: bool,
    /// Whether a document of a record that could not be mapped has the record in it.
    pub(crate) keeps_failed_records: bool,
    /// What hides people; `None`: they are shown.
    pub(crate) privacy: Option<Privacy>,
    /// The tags without those that are empty or repeated, the one for the switch first: each as a JSON string with a
    /// comma after it.
    pub(crate) tags: String,
    pub(crate) drop_status: Vec<String>,
    pub(crate) fields: ExtraFields,
    pub(crate) suffix_list: SuffixList,
}

impl SessionSettings {
    pub(crate) fn new(version: &Version, settings: &Settings) -> Result<Self, SettingsError> {
        refuse("drop_status", !version.drops_statuses && !settings.drop_status.is_empty())?;
        if version.options_schema.is_none() {
            refuse("options", settings.options.is_some())?;
            refuse("pseudonym_key", settings.pseudonym_key.is_some())?;
            refuse("previous_pseudonym_key", settings.previous_pseudonym_key.is_some())?;
        }
        let mut tenant = settings.tenant.clone().unwrap_or_default();
        tenant.id = guid::normalised(&tenant.id).into_owned();
        let profile = settings.options.as_deref().map(Profile::parse).transpose()?.flatten();
        let privacy = Privacy::new(profile, settings, &tenant.id)?;
        let keeps_originals = privacy.as_ref().is_none_or(|privacy| privacy.profile().original == Original::Keep);
        let switch = settings.preserve_original_event.then_some(PRESERVE_TAG);
        let mut tags: Vec<String> = Vec::new();
        for tag in switch.into_iter().chain(settings.tags.iter().map(String::as_str)) {
            let is_kept = tag != PRESERVE_TAG || keeps_originals;
            if is_kept && !tag.is_empty() && !tags.iter().any(|known| known == tag) {
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
            url_beginning: url_beginning(&tenant.id),
            cloud: Cloud::new(&tenant),
            local_domains: LocalDomains::new(settings.local_domains.clone(), version.local_domains),
            preserve_original_event: tags.iter().any(|tag| tag == PRESERVE_TAG),
            keeps_failed_records: keeps_originals,
            tags: tags.iter().map(|tag| build(|out| out.push_string(tag)) + ",").collect(),
            drop_status: settings.drop_status.clone(),
            fields: ExtraFields::parse(
                settings.fields.as_deref(),
                &version.reserved_fields,
                &tenant,
                privacy.as_ref().map(Privacy::profile),
            )?,
            privacy,
            suffix_list,
            tenant_id: tenant.id,
        })
    }
}

/// What opens the page of a message in Microsoft Defender.
fn url_beginning(tenant_id: &str) -> String {
    if !guid::is_guid(tenant_id) {
        return String::new();
    }
    format!(
        "\"url\":\"https://security.microsoft.com/realtimereportsv3?tid={tenant_id}&dltarget=Explorer&dlstorage=Url\
         &viewid=allemail&query-NetworkMessageId="
    )
}

/// Refuses a setting that is given to a mapping without a rule for it.
fn refuse(setting: &str, is_given: bool) -> Result<(), SettingsError> {
    if is_given { Err(SettingsError::Unsupported(setting.to_owned())) } else { Ok(()) }
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

    #[track_caller]
    fn check_refused(version: &Version, settings: &Settings, setting: &str) {
        let error = SessionSettings::new(version, settings).err();
        assert_eq!(error, Some(SettingsError::Unsupported(setting.to_owned())));
    }

    #[test]
    fn a_setting_without_a_rule_is_refused() {
        let settings = Settings { drop_status: vec!["Pending".to_owned()], ..Settings::default() };
        check_refused(&V1_20, &settings, "drop_status");
        for version in [&V1_20, &V2_2] {
            let options = Settings { options: Some("{}".to_owned()), ..Settings::default() };
            check_refused(version, &options, "options");
            let key = Settings { pseudonym_key: Some(vec![1; 32]), ..Settings::default() };
            check_refused(version, &key, "pseudonym_key");
            let key = Settings { previous_pseudonym_key: Some(vec![1; 32]), ..Settings::default() };
            check_refused(version, &key, "previous_pseudonym_key");
        }
    }
}
