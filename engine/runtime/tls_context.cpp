#include "engine/runtime/tls_context.h"

#include <Poco/Net/Context.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <mutex>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

struct Certificate {
    std::string serverName;
    Poco::Net::Context::Ptr context;
};

[[noreturn]] void unusable(const std::filesystem::path& file, const std::string& reason) {
    throw TlsFilesUnusable(file.string() + ": " + reason);
}

// OpenSSL's own reason, without its numbers.
std::string opensslReason() {
    const unsigned long code = ::ERR_peek_last_error();
    const char* const text = ::ERR_reason_error_string(code);
    ::ERR_clear_error();
    return text == nullptr ? "not usable" : text;
}

void requireReadable(const std::filesystem::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) unusable(file, std::strerror(errno));
    ::close(descriptor);
}

// An encrypted key is an error: a server has nobody to ask for the password.
int noPassword(char* /*buffer*/, int /*size*/, int /*forWriting*/, void* /*context*/) { return 0; }

void loadFiles(SSL_CTX* context, const CertificateFiles& files) {
    requireReadable(files.certificateChain);
    requireReadable(files.privateKey);
    ::ERR_clear_error();
    if (::SSL_CTX_use_certificate_chain_file(context, files.certificateChain.c_str()) != 1) {
        unusable(files.certificateChain, opensslReason());
    }
    const char* const key = files.privateKey.c_str();
    if (::SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_check_private_key(context) != 1) {
        unusable(files.privateKey, opensslReason());
    }
}

// Whatever the certificate is worth, the handshake goes on: SSL_get_verify_result() tells.
int goOn(int /*verified*/, X509_STORE_CTX* /*context*/) { return 1; }

void askForCertificates(SSL_CTX* context, const std::filesystem::path& authorities) {
    requireReadable(authorities);
    ::ERR_clear_error();
    STACK_OF(X509_NAME)* const names = ::SSL_load_client_CA_file(authorities.c_str());
    if (names == nullptr ||
        ::SSL_CTX_load_verify_locations(context, authorities.c_str(), nullptr) != 1) {
        unusable(authorities, opensslReason());
    }
    ::SSL_CTX_set_client_CA_list(context, names);
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &goOn);
}

Poco::Net::Context::Ptr makeContext(
    const CertificateFiles& files, const std::filesystem::path& clientAuthorities) {
    Poco::Net::Context::Params params;
    // POCO's default asks clients for certificates.
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    Poco::Net::Context::Ptr context(
        new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params));
    context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
    SSL_CTX* const raw = context->sslContext();
    ::SSL_CTX_set_mode(
        raw,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // No resumption: mail clients stay connected, and a ticket key is one more secret to rotate.
    ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_num_tickets(raw, 0);
    ::SSL_CTX_set_default_passwd_cb(raw, &noPassword);
    loadFiles(raw, files);
    if (!clientAuthorities.empty()) askForCertificates(raw, clientAuthorities);
    return context;
}

// "*.example.org" stands for one label (RFC 6125 §6.4.3).
bool matches(std::string_view pattern, std::string_view name) {
    if (equalsIgnoreCase(pattern, name)) return true;
    if (!pattern.starts_with("*.")) return false;
    const std::size_t dot = name.find('.');
    return dot != std::string_view::npos && dot > 0 &&
           equalsIgnoreCase(pattern.substr(1), name.substr(dot));
}

// What one reload read. Never changed; connections that began with it keep it.
struct Loaded {
    std::vector<Certificate> certificates;
    std::size_t fallback = 0;

    const Certificate& find(std::string_view name) const {
        for (const Certificate& certificate : certificates) {
            if (equalsIgnoreCase(certificate.serverName, name)) return certificate;
        }
        for (const Certificate& certificate : certificates) {
            if (matches(certificate.serverName, name)) return certificate;
        }
        return certificates[fallback];
    }
};

// Shared by the context and the connections that shake hands while a reload replaces it.
using LoadedPointer = std::shared_ptr<const Loaded>;

void freeLoaded(
    void* /*ssl*/, void* held, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*l*/, void* /*p*/) {
    const std::unique_ptr<LoadedPointer> freed(static_cast<LoadedPointer*>(held));
}

int loadedIndex() {
    static const int index = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, &freeLoaded);
    return index;
}

int chooseCertificate(SSL* ssl, int* /*alert*/, void* /*argument*/) {
    const char* const name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const auto* const loaded = static_cast<LoadedPointer*>(::SSL_get_ex_data(ssl, loadedIndex()));
    ::SSL_set_SSL_CTX(ssl, (*loaded)->find(name).context->sslContext());
    return SSL_TLSEXT_ERR_OK;
}

LoadedPointer load(
    const std::vector<CertificateFiles>& files, const std::filesystem::path& clientAuthorities) {
    if (files.empty()) throw TlsFilesUnusable("no certificate is configured");
    auto loaded = std::make_shared<Loaded>();
    for (const CertificateFiles& one : files) {
        if (one.serverName.empty()) loaded->fallback = loaded->certificates.size();
        loaded->certificates.push_back({one.serverName, makeContext(one, clientAuthorities)});
    }
    SSL_CTX* const first = loaded->certificates[loaded->fallback].context->sslContext();
    SSL_CTX_set_tlsext_servername_callback(first, &chooseCertificate);
    return loaded;
}

}  // namespace

class TlsContext::Implementation {
public:
    std::filesystem::path clientAuthorities_;
    std::mutex mutex_;
    LoadedPointer loaded_;  // under mutex_
};

TlsContext::TlsContext(
    const std::vector<CertificateFiles>& files, const std::filesystem::path& clientAuthorities)
    : implementation_(std::make_unique<Implementation>()) {
    implementation_->clientAuthorities_ = clientAuthorities;
    implementation_->loaded_ = load(files, clientAuthorities);
}

TlsContext::~TlsContext() = default;

void TlsContext::reload(const std::vector<CertificateFiles>& files) {
    LoadedPointer loaded = load(files, implementation_->clientAuthorities_);
    const std::lock_guard lock(implementation_->mutex_);
    // The old one goes with `loaded`, after the lock.
    std::swap(implementation_->loaded_, loaded);
}

ssl_st* TlsContext::makeServerSsl() const {
    std::unique_ptr<LoadedPointer> held;
    {
        const std::lock_guard lock(implementation_->mutex_);
        held = std::make_unique<LoadedPointer>(implementation_->loaded_);
    }
    const Loaded& loaded = **held;
    SSL* const ssl = ::SSL_new(loaded.certificates[loaded.fallback].context->sslContext());
    if (ssl == nullptr) throw std::bad_alloc();
    ::SSL_set_ex_data(ssl, loadedIndex(), held.release());
    ::SSL_set_accept_state(ssl);
    return ssl;
}

}  // namespace daybook
