#include <Poco/Net/IPAddress.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "engine/runtime/tls_context.h"
#include "journal/base/freed.h"

namespace daybook {

namespace {

// What browsers and mail programs still take from a certificate.
constexpr long kValidSeconds = 825L * 24 * 3600;
// Clocks differ.
constexpr long kValidBeforeSeconds = 3600;

using Key = std::unique_ptr<EVP_PKEY, Freed<&::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<&::X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<&::X509_EXTENSION_free>>;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

using File = std::unique_ptr<std::FILE, CloseFile>;

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

std::string alternativeNames(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        Poco::Net::IPAddress address;
        const bool isAddress = Poco::Net::IPAddress::tryParse(name, address);
        // The extension's text has its own meaning for these.
        if (!isAddress && name.find_first_of(",:\n ") != std::string::npos) {
            throw std::invalid_argument("not a DNS name or IP address: " + name);
        }
        if (!text.empty()) text += ',';
        text += (isAddress ? "IP:" : "DNS:") + name;
    }
    return text;
}

void addExtension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const Extension extension(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension != nullptr, "X509V3_EXT_conf_nid");
    require(::X509_add_ext(certificate, extension.get(), -1) == 1, "X509_add_ext");
}

Certificate makeCertificate(EVP_PKEY* key, const std::vector<std::string>& names) {
    Certificate certificate(::X509_new());
    X509* const raw = certificate.get();
    require(raw != nullptr && ::X509_set_version(raw, X509_VERSION_3) == 1, "X509_new");
    // A positive serial number that no other certificate of ours has, RFC 5280 §4.1.2.2.
    std::uint64_t serial = 0;
    require(::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "RAND");
    ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(raw), serial >> 1U);
    ::X509_gmtime_adj(::X509_getm_notBefore(raw), -kValidBeforeSeconds);
    ::X509_gmtime_adj(::X509_getm_notAfter(raw), kValidSeconds);
    // RFC 5280 §A.1: a common name has at most 64 characters; the names that count follow below.
    const std::string common = names.front().substr(0, 64);
    X509_NAME* const subject = ::X509_get_subject_name(raw);
    const auto* const text = reinterpret_cast<const unsigned char*>(common.c_str());
    ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0);
    ::X509_set_issuer_name(raw, subject);
    ::X509_set_pubkey(raw, key);
    addExtension(raw, NID_basic_constraints, "critical,CA:FALSE");
    addExtension(raw, NID_key_usage, "critical,digitalSignature");
    addExtension(raw, NID_ext_key_usage, "serverAuth");
    addExtension(raw, NID_subject_alt_name, alternativeNames(names));
    require(::X509_sign(raw, key, ::EVP_sha256()) != 0, "X509_sign");
    return certificate;
}

File openForWriting(const std::filesystem::path& path, mode_t mode) {
    // Never into a file that others may have open or may read already.
    ::unlink(path.c_str());
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    File file(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"));
    if (!file) throw std::runtime_error(path.string() + ": " + std::strerror(errno));
    return file;
}

}  // namespace

void writeSelfSignedCertificate(
    const std::vector<std::string>& names,
    const std::filesystem::path& certificate,
    const std::filesystem::path& key) {
    if (names.empty()) throw std::invalid_argument("a certificate needs a name");
    const Key secret(EVP_EC_gen("P-256"));
    require(secret != nullptr, "EVP_EC_gen");
    const Certificate made = makeCertificate(secret.get(), names);
    const File keyFile = openForWriting(key, 0600);
    const int keyWritten =
        ::PEM_write_PrivateKey(keyFile.get(), secret.get(), nullptr, nullptr, 0, nullptr, nullptr);
    require(keyWritten == 1 && std::fflush(keyFile.get()) == 0, "writing the key");
    const File certificateFile = openForWriting(certificate, 0644);
    const int written = ::PEM_write_X509(certificateFile.get(), made.get());
    require(written == 1 && std::fflush(certificateFile.get()) == 0, "writing the certificate");
}

}  // namespace daybook
