#include "engine/control/administration.h"

#include <chrono>
#include <fmt/format.h>

#include "engine/authentication/password.h"
#include "engine/directory/address.h"
#include "projections/projector.h"

namespace daybook {

namespace {

constexpr std::size_t kPasswordOctetsMin = 8;
constexpr std::size_t kPasswordOctetsMax = 1024;

Origin operatorOrigin() { return Origin{.actor = event::Actor::ADMIN}; }

Outcome<std::string> normalizedLogin(const std::string& text) {
    const std::optional<Address> address = parseAddress(text);
    if (!address) {
        return refuse(
            RefusalReason::InvalidArgument,
            fmt::format(
                "'{}' is not an address; an account is named like alice@example.org", text));
    }
    return address->text();
}

}  // namespace

Outcome<AccountId> LocalAdministration::accountNamed(const std::string& login) const {
    const Outcome<std::string> normalized = normalizedLogin(login);
    if (!normalized) return std::unexpected(normalized.error());
    const Snapshot snapshot = parts_.scribe.views().snapshot();
    const std::optional<AccountRow> account = snapshot.accounts().findLogin(*normalized);
    if (!account) return refuse(RefusalReason::NoSuchAccount, *normalized);
    return account->id;
}

// Written and synced before the event that names it (DESIGN 3.1).
Outcome<CredentialId> LocalAdministration::keepPassword(const std::string& password) {
    if (password.size() < kPasswordOctetsMin || password.size() > kPasswordOctetsMax) {
        return refuse(
            RefusalReason::InvalidArgument,
            fmt::format(
                "a password has {} to {} characters", kPasswordOctetsMin, kPasswordOctetsMax));
    }
    const auto id = parts_.random.id<CredentialId>();
    parts_.secrets.put(
        id,
        makeVerifier(password, parts_.random),
        makeVerifier(password, parts_.random, ScramHash::Sha1));
    return id;
}

void LocalAdministration::forgetPasswords(const std::vector<CredentialId>& credentials) {
    for (const CredentialId id : credentials) {
        parts_.secrets.erase(id);
    }
}

Outcome<AccountId> LocalAdministration::addAccount(
    const std::string& login, const std::string& displayName, const std::string& password) {
    const Outcome<std::string> normalized = normalizedLogin(login);
    if (!normalized) return std::unexpected(normalized.error());
    const Outcome<CredentialId> credential = keepPassword(password);
    if (!credential) return std::unexpected(credential.error());

    AddAccount command;
    command.origin = operatorOrigin();
    command.login = *normalized;
    command.displayName = displayName;
    command.newId = parts_.random.id<AccountId>();
    command.newAddress = parts_.random.id<AddressId>();
    command.credential = *credential;
    command.folders = parts_.folders;
    for (std::size_t count = 0; count <= command.folders.size(); ++count) {  // and INBOX
        command.newMailboxes.push_back(parts_.random.id<MailboxId>());
        command.newSubscriptions.push_back(parts_.random.number());
    }
    const Outcome<AddAccount::Answer> answer = parts_.scribe.submitAndWait(std::move(command));
    if (!answer) {
        forgetPasswords({*credential});
        return std::unexpected(answer.error());
    }
    return answer->account;
}

Outcome<Done> LocalAdministration::setPassword(
    const std::string& login, const std::string& password) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    const Outcome<CredentialId> credential = keepPassword(password);
    if (!credential) return std::unexpected(credential.error());
    const Outcome<SetPassword::Answer> answer = parts_.scribe.submitAndWait(
        SetPassword{.origin = operatorOrigin(), .account = *account, .credential = *credential});
    if (!answer) {
        forgetPasswords({*credential});
        return std::unexpected(answer.error());
    }
    forgetPasswords(answer->revoked);
    return Done{};
}

Outcome<Done> LocalAdministration::setAccountState(
    const std::string& login, event::AccountState state) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    return parts_.scribe.submitAndWait(
        SetAccountState{.origin = operatorOrigin(), .account = *account, .state = state});
}

Outcome<Done> LocalAdministration::removeAccount(const std::string& login) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    std::vector<CredentialId> credentials;
    {
        const Snapshot snapshot = parts_.scribe.views().snapshot();
        for (const CredentialRow& row : snapshot.accounts().credentialsOf(*account)) {
            credentials.push_back(row.id);
        }
    }
    const Outcome<Done> answer =
        parts_.scribe.submitAndWait(RemoveAccount{.origin = operatorOrigin(), .account = *account});
    if (answer) forgetPasswords(credentials);
    return answer;
}

Outcome<Done> LocalAdministration::addAlias(const std::string& address, const std::string& login) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    const Outcome<std::string> normalized = normalizedLogin(address);
    if (!normalized) return std::unexpected(normalized.error());
    AddAddress command;
    command.origin = operatorOrigin();
    command.account = *account;
    command.address = *normalized;
    command.newId = parts_.random.id<AddressId>();
    return parts_.scribe.submitAndWait(std::move(command));
}

Outcome<Done> LocalAdministration::removeAlias(
    const std::string& address, const std::string& login) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    const Outcome<std::string> normalized = normalizedLogin(address);
    if (!normalized) return std::unexpected(normalized.error());
    return parts_.scribe.submitAndWait(RemoveAddress{
        .origin = operatorOrigin(),
        .account = *account,
        .address = *normalized,
    });
}

Outcome<Done> LocalAdministration::setDelegation(
    const std::string& owner, const std::string& delegate, std::uint16_t rights) {
    const Outcome<AccountId> account = accountNamed(owner);
    if (!account) return std::unexpected(account.error());
    const Outcome<AccountId> other = accountNamed(delegate);
    if (!other) return std::unexpected(other.error());
    return parts_.scribe.submitAndWait(SetDelegation{
        .origin = operatorOrigin(),
        .account = *account,
        .delegate = *other,
        .rights = rights,
    });
}

Outcome<std::uint64_t> LocalAdministration::actOnQueue(
    event::QueueOperation operation,
    MessageId message,
    const std::vector<RecipientNumber>& recipients) {
    const Outcome<ActOnQueue::Answer> answer = parts_.scribe.submitAndWait(ActOnQueue{
        .origin = operatorOrigin(),
        .op = operation,
        .of = {.message = message, .recipients = recipients},
    });
    if (!answer) return std::unexpected(answer.error());
    return answer->recipients;
}

Outcome<Done> LocalAdministration::suppress(
    const std::string& login, const std::string& address, Suppressed suppressed) {
    const Outcome<AccountId> account = accountNamed(login);
    if (!account) return std::unexpected(account.error());
    const std::optional<Address> parsed = parseAddress(address);
    if (!parsed) {
        return refuse(
            RefusalReason::InvalidArgument, fmt::format("'{}' is not an address", address));
    }
    return parts_.scribe.submitAndWait(Suppress{
        .origin = operatorOrigin(),
        .account = *account,
        .address = parsed->text(),
        .on = suppressed == Suppressed::Yes,
        .newId = parts_.random.id<SuppressionId>(),
    });
}

Outcome<Done> LocalAdministration::recordJournalRead(
    Seq from, Seq to, const std::string& query, const std::string& user) {
    return parts_.scribe.submitAndWait(RecordJournalRead{
        .origin = operatorOrigin(),
        .from = from,
        .to = to,
        .query = query,
        .user = user,
    });
}

Outcome<Done> LocalAdministration::recordVerifyRun(Seq from, Seq to, std::uint16_t result) {
    return parts_.scribe.submitAndWait(RecordVerifyRun{
        .origin = operatorOrigin(),
        .from = from,
        .to = to,
        .result = result,
    });
}

// On the scribe's thread: nothing is appended meanwhile.
AdoptedViews LocalAdministration::takeOver(
    const std::filesystem::path& folder, RecordViewsRebuilt& rebuilt) {
    Views& views = parts_.scribe.views();
    AdoptedViews adopted;
    std::vector<ViewDigest> digests;
    {
        ViewsEnvironment built(folder, views.options());
        adopted.appliedSeq = catchUp(built, parts_.journal, Seq());
        const lmdb::ReadTransaction txn(built.environment());
        digests = digestsOf(txn, built.tables());
    }
    {
        const Snapshot live = views.snapshot();
        adopted.differed = digestsOf(live.transaction(), live.tables()) != digests;
    }
    views.adopt(folder);
    rebuilt.to = adopted.appliedSeq;
    for (const ViewDigest& view : digests) {
        rebuilt.views.push_back(RebuiltView{.version = view.version, .digest = view.digest});
    }
    return adopted;
}

Outcome<AdoptedViews> LocalAdministration::adoptViews(const std::filesystem::path& folder) {
    // Opening views makes them where there are none.
    std::error_code ignored;
    const std::filesystem::path& ours = parts_.scribe.views().folder();
    if (!std::filesystem::is_directory(folder, ignored) ||
        !std::filesystem::equivalent(folder.parent_path(), ours, ignored)) {
        return refuse(
            RefusalReason::InvalidArgument,
            fmt::format("{} is no folder with views in {}", folder.string(), ours.string()));
    }
    AdoptedViews adopted;
    RecordViewsRebuilt rebuilt;
    rebuilt.origin = operatorOrigin();
    const auto began = std::chrono::steady_clock::now();
    try {
        parts_.scribe.betweenRounds([&] { adopted = takeOver(folder, rebuilt); });
    } catch (const std::exception& error) {
        return refuse(RefusalReason::InvalidArgument, error.what());
    }
    const auto took = std::chrono::steady_clock::now() - began;
    rebuilt.milliseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    const Outcome<Done> recorded = parts_.scribe.submitAndWait(std::move(rebuilt));
    if (!recorded) return std::unexpected(recorded.error());
    return adopted;
}

Outcome<Done> LocalAdministration::reload() {
    if (!parts_.reload) {
        return refuse(RefusalReason::InvalidArgument, "no server is running here");
    }
    return parts_.reload();
}

}  // namespace daybook
