#include <tusk/types/argument.hpp>

#include <tusk/types/errc.hpp>
#include <tusk/types/error.hpp>
#include <tusk/types/literal.hpp>

namespace tusk::types {

void append_written(text_buffer& to, std::string_view what, written const& how, bool plain) {
  switch (how.as) {
    case shape::null: what = "NULL"; [[fallthrough]];
    case shape::sql: to.append(what.data(), what.size()); break;
    case shape::text: plain ? append_plain(to, what, how.type) : append_literal(to, what, how.type); break;
  }
}

argument_type common_type(argument_type const& a, argument_type const& b) {
  auto const same = [](argument_type const& x, argument_type const& y) { return x.oid == y.oid && x.name == y.name; };
  auto const is_number = [](argument_type const& x) { return x.oid == oids::int8 || x.oid == oids::numeric; };
  if (same(a, b)) return a;
  if (is_number(a) && is_number(b)) return {oids::numeric};
  throw data_error("the elements of an array, or the bounds of a range, are of different types; make them one",
                   errc::wrong_arguments);
}

}  // namespace tusk::types
