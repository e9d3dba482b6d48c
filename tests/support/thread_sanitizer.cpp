// What ThreadSanitizer cannot judge, for the programs of the tests.
//
// OpenSSL is not compiled with it. Its lock-free look at whether a certificate, which connections share, has been looked
// into (ossl_x509v3_cache_extensions) is not seen as what it is, so that what it calls there appears as a race.
extern "C" char const* __tsan_default_suppressions();

extern "C" char const* __tsan_default_suppressions() { return "called_from_lib:libcrypto.so.3\n"; }
