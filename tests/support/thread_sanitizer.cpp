// What ThreadSanitizer cannot judge, for the programs of the tests: libraries that are not compiled with it.
//
// * OpenSSL's lock-free look at whether a certificate, which connections share, has been looked into
//   (ossl_x509v3_cache_extensions): what it calls there appears as a race.
// * libstdc++'s count of references to an exception: the last one, which destroys it, appears as a race with whoever
//   has looked at it.
extern "C" char const* __tsan_default_suppressions();

extern "C" char const* __tsan_default_suppressions() {
  return "called_from_lib:libcrypto.so.3\n"
         "race:std::__exception_ptr::exception_ptr::_M_release\n";
}
