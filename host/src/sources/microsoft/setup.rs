//! How a tenant is set up for a source, as commands that can be pasted: `exotrace init` prints them, and hints name them.

use crate::{
    config::{Answer, Answers, Form, LOCAL_DOMAINS, Question, SecretPlace, Setup, SetupStep, any},
    support::microsoft_id::{is_guid, is_tenant_id},
};

/// The app id of the service principal of Microsoft that message trace of Graph needs in the tenant.
pub(super) const SERVICE_PRINCIPAL: &str = "8bd644d1-64a1-4d4b-ae52-2e0cbf64e373";

/// Creates it (host/docs/facts/ms-api.md, section 1.2).
pub(super) const CREATE_SERVICE_PRINCIPAL: &str = "az ad sp create --id 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373";

/// Grants the permission to read message trace by Graph, with the id of the app registration in `CLIENT_ID`.
pub(super) const GRANT_PERMISSION: &str = "az ad app permission add --id \"$CLIENT_ID\" \
                                           --api 00000003-0000-0000-c000-000000000000 \
                                           --api-permissions 89b20d8a-76e2-4057-867b-9961f800b9a4=Role";

/// Consents to the permissions that are granted.
pub(super) const CONSENT: &str = "az ad app permission admin-consent --id \"$CLIENT_ID\"";

/// Grants the permission to read message trace by the Reporting Web Service of Exchange Online.
pub(super) const GRANT_REPORTING: &str = "az ad app permission add --id \"$CLIENT_ID\" --api 00000002-0000-0ff1-ce00-000000000000 \
                               --api-permissions b4d5a5c7-c085-487f-b922-ef0d6ebde6b1=Role";

/// Assigns the role Security Reader, without which the Reporting Web Service answers 401.
const ASSIGN_ROLE: &str = "az rest --method POST --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments \
                           --body \"{\\\"principalId\\\": \\\"$(az ad sp show --id \"$CLIENT_ID\" --query id --output tsv)\\\", \
                           \\\"roleDefinitionId\\\": \\\"5d6b6bb7-de71-4623-b4af-96380a352509\\\", \\\"directoryScopeId\\\": \\\"/\\\"}\"";

const TENANT_ID: Question = Question {
    key: "tenant_id",
    option: "tenant-id",
    value_name: "ID",
    about: "Directory (tenant) id, or one of the domains of the tenant.",
    form: Form::Text,
    example: "\"contoso.onmicrosoft.com\"",
    default: None,
    is_optional: false,
    check: |text| match is_tenant_id(text) || text.starts_with("${") {
        true => Ok(()),
        false => Err("is neither a GUID nor a domain, as `contoso.onmicrosoft.com`".to_owned()),
    },
};

const CLIENT_ID: Question = Question {
    key: "client_id",
    option: "client-id",
    value_name: "ID",
    about: "Application (client) id of the app registration.",
    form: Form::Text,
    example: "\"11111111-2222-3333-4444-555555555555\"",
    default: Some("${EXOTRACE_CLIENT_ID}"),
    is_optional: false,
    check: |text| match is_guid(text) || text.starts_with("${") {
        true => Ok(()),
        false => Err("is not a GUID: it is the application (client) id, not the name".to_owned()),
    },
};

const CLIENT_SECRET: Question = Question {
    key: "client_secret",
    option: "client-secret",
    value_name: "SECRET",
    about: "Client secret of the app registration.",
    form: Form::Secret(SecretPlace {
        file_key: "client_secret_file",
        options: ["client-secret-file", "client-secret-env"],
        file_name: "client-secret",
        variable: "EXOTRACE_CLIENT_SECRET",
    }),
    example: "\"${EXOTRACE_CLIENT_SECRET}\"",
    default: None,
    is_optional: false,
    check: any,
};

const QUESTIONS: &[Question] = &[TENANT_ID, CLIENT_ID, CLIENT_SECRET, LOCAL_DOMAINS];

const MORE: &[&str] = &[
    "# A certificate is safer than a secret: remove the secret, and name the file (PEM or PFX).",
    "# certificate_file = \"exotrace.pem\"",
    "# Time between polls. Default: `1h`.",
    "interval = \"5m\"",
    "# How far back the first poll goes. Default: `1h`.",
    "# initial_interval = \"10days\"",
    "# How far back every later poll reads again, for records that show up late. Default: `1h`.",
    "# additional_look_back = \"6h\"",
];

/// How sources of both services are set up.
pub(super) const SETUPS: &[Setup] = &[
    Setup {
        name: "graph",
        about: "message trace of a tenant, by Microsoft Graph",
        questions: QUESTIONS,
        more: MORE,
        steps: |answers| steps(answers, &[GRANT_PERMISSION], of_graph()),
    },
    Setup {
        name: "reporting_webservice",
        about: "message trace of a tenant, by the Reporting Web Service that Graph replaces",
        questions: QUESTIONS,
        more: MORE,
        steps: |answers| steps(answers, &[GRANT_REPORTING, ASSIGN_ROLE], Vec::new()),
    },
];

/// What only Graph needs.
fn of_graph() -> Vec<SetupStep> {
    vec![SetupStep {
        title: "Create the service principal of Microsoft for message trace, unless the tenant has it (Azure CLI, or \
                PowerShell); it takes up to a day:"
            .to_owned(),
        commands: format!("{CREATE_SERVICE_PRINCIPAL}\nNew-MgServicePrincipal -AppId {SERVICE_PRINCIPAL}"),
    }]
}

fn steps(answers: &Answers, grants: &[&str], more: Vec<SetupStep>) -> Vec<SetupStep> {
    let text = |key| answers.get(key).and_then(|answer| answer.text());
    let tenant = text("tenant_id").unwrap_or("TENANT");
    let mut register = format!("az login --tenant {tenant} --allow-no-subscriptions\n");
    match text("client_id").filter(|id| is_guid(id)) {
        Some(id) => register += &format!("CLIENT_ID={id}"),
        None => {
            register += "CLIENT_ID=$(az ad app create --display-name exotrace --query appId --output tsv)\n\
                         az ad sp create --id \"$CLIENT_ID\"\n\
                         export EXOTRACE_CLIENT_ID=\"$CLIENT_ID\"";
        }
    }
    let register =
        SetupStep { title: "Register the app, as an administrator of the tenant:".to_owned(), commands: register };
    let grant = SetupStep {
        title: "Grant it the application permission, and consent:".to_owned(),
        commands: [grants, &[CONSENT]].concat().join("\n"),
    };
    let secret = secret(answers).into_iter();
    [register, grant].into_iter().chain(more).chain(secret).collect()
}

/// How to get the secret to where the settings expect it, unless it is there.
fn secret(answers: &Answers) -> Option<SetupStep> {
    const RESET: &str = "$(az ad app credential reset --id \"$CLIENT_ID\" --append --display-name exotrace --query password --output tsv)";
    let Some(Answer::SecretVariable(name)) = answers.get("client_secret") else { return None };
    Some(SetupStep {
        title: "Make a client secret, and put it into the environment of exotrace:".to_owned(),
        commands: format!("export {name}=\"{RESET}\""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_name_the_tenant_and_what_it_needs() {
        let mut answers = Answers::from([
            ("tenant_id", Answer::Text("contoso.com".to_owned())),
            ("client_id", Answer::Text("${EXOTRACE_CLIENT_ID}".to_owned())),
            ("client_secret", Answer::SecretVariable("SECRET".to_owned())),
        ]);
        let text = |setup: &Setup, answers: &Answers| {
            let steps = (setup.steps)(answers);
            steps.iter().map(|step| format!("{}\n{}\n", step.title, step.commands)).collect::<String>()
        };
        let new = text(&SETUPS[0], &answers);
        for part in [
            "az login --tenant contoso.com ",
            "az ad app create ",
            "az ad sp create --id 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373",
            "New-MgServicePrincipal -AppId 8bd644d1-64a1-4d4b-ae52-2e0cbf64e373",
            "89b20d8a-76e2-4057-867b-9961f800b9a4=Role",
            "admin-consent",
            "export SECRET=",
        ] {
            assert!(new.contains(part), "{part}: {new}");
        }
        let id = "11111111-2222-3333-4444-555555555555";
        answers.insert("client_id", Answer::Text(id.to_owned()));
        answers.insert("client_secret", Answer::SecretFile("client-secret".to_owned()));
        let known = text(&SETUPS[0], &answers);
        assert!(known.contains(&format!("CLIENT_ID={id}")), "{known}");
        assert!(!known.contains("az ad app create") && !known.contains("credential reset"), "{known}");
        let legacy = text(&SETUPS[1], &answers);
        assert!(
            legacy.contains("b4d5a5c7-c085-487f-b922-ef0d6ebde6b1=Role") && !legacy.contains("8bd644d1"),
            "{legacy}"
        );
    }
}
