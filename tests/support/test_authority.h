// test_authority.h
//
// A certificate authority of a test's own: one root, and certificates that it issues, in a folder
// that goes with it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/runtime/tls_context.h"

namespace daybook::test {

enum class Validity { Current, Expired };

// A certificate with its key, in files, and what DANE says of it.
struct IssuedCertificate {
    CertificateFiles files;
    std::string whole;        // DER
    std::string subjectKey;   // DER of its SubjectPublicKeyInfo
    std::string wholeSha256;  // octets
    std::string subjectKeySha256;
    std::string subjectKeySha512;
};

class TestAuthority {
public:
    TestAuthority();
    ~TestAuthority();

    // The chain that is served holds the root too, as DANE-TA wants it (RFC 7672 §3.1.2).
    IssuedCertificate issue(
        const std::vector<std::string>& names, Validity validity = Validity::Current);

    const IssuedCertificate& root() const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook::test
