//! The tenant in the words of OCSF: written out once, when a session is opened.

use crate::{json::build, settings::Tenant};

/// Members to add, each as text with a comma after it.
pub(crate) struct Cloud {
    /// `cloud`.
    pub(crate) member: String,
    /// `tenant_uid`, for `metadata`; empty when nobody has named the tenant.
    pub(crate) tenant_uid: String,
}

impl Cloud {
    pub(crate) fn new(tenant: &Tenant) -> Self {
        let name = tenant.name.as_deref().unwrap_or_default();
        let member = build(|out| {
            out.push_ascii(br#""cloud":{"#);
            if !(tenant.id.is_empty() && name.is_empty()) {
                out.push_ascii(br#""account":{"#);
                out.push_member(r#""name":"#, name);
                out.push_ascii(br#""type":"M365 Tenant","type_id":17,"#);
                out.push_member(r#""uid":"#, &tenant.id);
                out.pop();
                out.push_ascii(b"},");
            }
            out.push_ascii(br#""provider":"Microsoft 365"},"#);
        });
        Self { member, tenant_uid: build(|out| out.push_member(r#""tenant_uid":"#, &tenant.id)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: &str, name: Option<&str>, member: &str, tenant_uid: &str) {
        let cloud = Cloud::new(&Tenant { id: id.to_owned(), name: name.map(str::to_owned) });
        assert_eq!((&*cloud.member, &*cloud.tenant_uid), (member, tenant_uid));
    }

    #[test]
    fn an_account_has_a_name_or_an_id() {
        check("", None, r#""cloud":{"provider":"Microsoft 365"},"#, "");
        check("", Some(""), r#""cloud":{"provider":"Microsoft 365"},"#, "");
        check(
            "8f6c",
            None,
            r#""cloud":{"account":{"type":"M365 Tenant","type_id":17,"uid":"8f6c"},"provider":"Microsoft 365"},"#,
            r#""tenant_uid":"8f6c","#,
        );
        check(
            "",
            Some("Contoso"),
            r#""cloud":{"account":{"name":"Contoso","type":"M365 Tenant","type_id":17},"provider":"Microsoft 365"},"#,
            "",
        );
    }
}
