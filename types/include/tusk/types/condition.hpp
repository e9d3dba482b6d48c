// The conditions that PostgreSQL reports, by name: what a program asks about an error instead of comparing codes.
//
// An enumerator's value is its SQLSTATE in packed form (tusk/types/sqlstate.hpp says how), so that a code with no name
// here, of an extension or of a newer server, is a condition too: compare it with `condition_of("XY001"_sqlstate)`.
//
// Names are PostgreSQL's own (its documentation, appendix "PostgreSQL Error Codes"). Five of them occur in two classes
// there. The one in class 22 (data exception) keeps its name, the others carry the name of their class: `warning_`
// (01), `sql_routine_` (2F), `external_routine_` (38), `external_routine_invocation_` (39).
#pragma once

#include <cstdint>
#include <string_view>

#include <tusk/types/sqlstate.hpp>

namespace tusk {

/// What went wrong, by PostgreSQL's name for it.
enum class condition : std::uint32_t {
  none = 0,  ///< no SQLSTATE: the error is the library's own

  // class 00
  successful_completion = types::pack_sqlstate("00000"),

  // class 01
  warning = types::pack_sqlstate("01000"),
  dynamic_result_sets_returned = types::pack_sqlstate("0100C"),
  implicit_zero_bit_padding = types::pack_sqlstate("01008"),
  null_value_eliminated_in_set_function = types::pack_sqlstate("01003"),
  privilege_not_granted = types::pack_sqlstate("01007"),
  privilege_not_revoked = types::pack_sqlstate("01006"),
  warning_string_data_right_truncation = types::pack_sqlstate("01004"),
  deprecated_feature = types::pack_sqlstate("01P01"),

  // class 02
  no_data = types::pack_sqlstate("02000"),
  no_additional_dynamic_result_sets_returned = types::pack_sqlstate("02001"),

  // class 03
  sql_statement_not_yet_complete = types::pack_sqlstate("03000"),

  // class 08
  connection_exception = types::pack_sqlstate("08000"),
  connection_does_not_exist = types::pack_sqlstate("08003"),
  connection_failure = types::pack_sqlstate("08006"),
  sqlclient_unable_to_establish_sqlconnection = types::pack_sqlstate("08001"),
  sqlserver_rejected_establishment_of_sqlconnection = types::pack_sqlstate("08004"),
  transaction_resolution_unknown = types::pack_sqlstate("08007"),
  protocol_violation = types::pack_sqlstate("08P01"),

  // class 09
  triggered_action_exception = types::pack_sqlstate("09000"),

  // class 0A
  feature_not_supported = types::pack_sqlstate("0A000"),

  // class 0B
  invalid_transaction_initiation = types::pack_sqlstate("0B000"),

  // class 0F
  locator_exception = types::pack_sqlstate("0F000"),
  invalid_locator_specification = types::pack_sqlstate("0F001"),

  // class 0L
  invalid_grantor = types::pack_sqlstate("0L000"),
  invalid_grant_operation = types::pack_sqlstate("0LP01"),

  // class 0P
  invalid_role_specification = types::pack_sqlstate("0P000"),

  // class 0Z
  diagnostics_exception = types::pack_sqlstate("0Z000"),
  stacked_diagnostics_accessed_without_active_handler = types::pack_sqlstate("0Z002"),

  // class 10
  invalid_argument_for_xquery = types::pack_sqlstate("10608"),

  // class 20
  case_not_found = types::pack_sqlstate("20000"),

  // class 21
  cardinality_violation = types::pack_sqlstate("21000"),

  // class 22
  data_exception = types::pack_sqlstate("22000"),
  array_subscript_error = types::pack_sqlstate("2202E"),
  character_not_in_repertoire = types::pack_sqlstate("22021"),
  datetime_field_overflow = types::pack_sqlstate("22008"),
  division_by_zero = types::pack_sqlstate("22012"),
  error_in_assignment = types::pack_sqlstate("22005"),
  escape_character_conflict = types::pack_sqlstate("2200B"),
  indicator_overflow = types::pack_sqlstate("22022"),
  interval_field_overflow = types::pack_sqlstate("22015"),
  invalid_argument_for_logarithm = types::pack_sqlstate("2201E"),
  invalid_argument_for_ntile_function = types::pack_sqlstate("22014"),
  invalid_argument_for_nth_value_function = types::pack_sqlstate("22016"),
  invalid_argument_for_power_function = types::pack_sqlstate("2201F"),
  invalid_argument_for_width_bucket_function = types::pack_sqlstate("2201G"),
  invalid_character_value_for_cast = types::pack_sqlstate("22018"),
  invalid_datetime_format = types::pack_sqlstate("22007"),
  invalid_escape_character = types::pack_sqlstate("22019"),
  invalid_escape_octet = types::pack_sqlstate("2200D"),
  invalid_escape_sequence = types::pack_sqlstate("22025"),
  nonstandard_use_of_escape_character = types::pack_sqlstate("22P06"),
  invalid_indicator_parameter_value = types::pack_sqlstate("22010"),
  invalid_parameter_value = types::pack_sqlstate("22023"),
  invalid_preceding_or_following_size = types::pack_sqlstate("22013"),
  invalid_regular_expression = types::pack_sqlstate("2201B"),
  invalid_row_count_in_limit_clause = types::pack_sqlstate("2201W"),
  invalid_row_count_in_result_offset_clause = types::pack_sqlstate("2201X"),
  invalid_tablesample_argument = types::pack_sqlstate("2202H"),
  invalid_tablesample_repeat = types::pack_sqlstate("2202G"),
  invalid_time_zone_displacement_value = types::pack_sqlstate("22009"),
  invalid_use_of_escape_character = types::pack_sqlstate("2200C"),
  most_specific_type_mismatch = types::pack_sqlstate("2200G"),
  null_value_not_allowed = types::pack_sqlstate("22004"),
  null_value_no_indicator_parameter = types::pack_sqlstate("22002"),
  numeric_value_out_of_range = types::pack_sqlstate("22003"),
  sequence_generator_limit_exceeded = types::pack_sqlstate("2200H"),
  string_data_length_mismatch = types::pack_sqlstate("22026"),
  string_data_right_truncation = types::pack_sqlstate("22001"),
  substring_error = types::pack_sqlstate("22011"),
  trim_error = types::pack_sqlstate("22027"),
  unterminated_c_string = types::pack_sqlstate("22024"),
  zero_length_character_string = types::pack_sqlstate("2200F"),
  floating_point_exception = types::pack_sqlstate("22P01"),
  invalid_text_representation = types::pack_sqlstate("22P02"),
  invalid_binary_representation = types::pack_sqlstate("22P03"),
  bad_copy_file_format = types::pack_sqlstate("22P04"),
  untranslatable_character = types::pack_sqlstate("22P05"),
  not_an_xml_document = types::pack_sqlstate("2200L"),
  invalid_xml_document = types::pack_sqlstate("2200M"),
  invalid_xml_content = types::pack_sqlstate("2200N"),
  invalid_xml_comment = types::pack_sqlstate("2200S"),
  invalid_xml_processing_instruction = types::pack_sqlstate("2200T"),
  duplicate_json_object_key_value = types::pack_sqlstate("22030"),
  invalid_argument_for_sql_json_datetime_function = types::pack_sqlstate("22031"),
  invalid_json_text = types::pack_sqlstate("22032"),
  invalid_sql_json_subscript = types::pack_sqlstate("22033"),
  more_than_one_sql_json_item = types::pack_sqlstate("22034"),
  no_sql_json_item = types::pack_sqlstate("22035"),
  non_numeric_sql_json_item = types::pack_sqlstate("22036"),
  non_unique_keys_in_a_json_object = types::pack_sqlstate("22037"),
  singleton_sql_json_item_required = types::pack_sqlstate("22038"),
  sql_json_array_not_found = types::pack_sqlstate("22039"),
  sql_json_member_not_found = types::pack_sqlstate("2203A"),
  sql_json_number_not_found = types::pack_sqlstate("2203B"),
  sql_json_object_not_found = types::pack_sqlstate("2203C"),
  too_many_json_array_elements = types::pack_sqlstate("2203D"),
  too_many_json_object_members = types::pack_sqlstate("2203E"),
  sql_json_scalar_required = types::pack_sqlstate("2203F"),
  sql_json_item_cannot_be_cast_to_target_type = types::pack_sqlstate("2203G"),

  // class 23
  integrity_constraint_violation = types::pack_sqlstate("23000"),
  restrict_violation = types::pack_sqlstate("23001"),
  not_null_violation = types::pack_sqlstate("23502"),
  foreign_key_violation = types::pack_sqlstate("23503"),
  unique_violation = types::pack_sqlstate("23505"),
  check_violation = types::pack_sqlstate("23514"),
  exclusion_violation = types::pack_sqlstate("23P01"),

  // class 24
  invalid_cursor_state = types::pack_sqlstate("24000"),

  // class 25
  invalid_transaction_state = types::pack_sqlstate("25000"),
  active_sql_transaction = types::pack_sqlstate("25001"),
  branch_transaction_already_active = types::pack_sqlstate("25002"),
  held_cursor_requires_same_isolation_level = types::pack_sqlstate("25008"),
  inappropriate_access_mode_for_branch_transaction = types::pack_sqlstate("25003"),
  inappropriate_isolation_level_for_branch_transaction = types::pack_sqlstate("25004"),
  no_active_sql_transaction_for_branch_transaction = types::pack_sqlstate("25005"),
  read_only_sql_transaction = types::pack_sqlstate("25006"),
  schema_and_data_statement_mixing_not_supported = types::pack_sqlstate("25007"),
  no_active_sql_transaction = types::pack_sqlstate("25P01"),
  in_failed_sql_transaction = types::pack_sqlstate("25P02"),
  idle_in_transaction_session_timeout = types::pack_sqlstate("25P03"),
  transaction_timeout = types::pack_sqlstate("25P04"),

  // class 26
  invalid_sql_statement_name = types::pack_sqlstate("26000"),

  // class 27
  triggered_data_change_violation = types::pack_sqlstate("27000"),

  // class 28
  invalid_authorization_specification = types::pack_sqlstate("28000"),
  invalid_password = types::pack_sqlstate("28P01"),

  // class 2B
  dependent_privilege_descriptors_still_exist = types::pack_sqlstate("2B000"),
  dependent_objects_still_exist = types::pack_sqlstate("2BP01"),

  // class 2D
  invalid_transaction_termination = types::pack_sqlstate("2D000"),

  // class 2F
  sql_routine_exception = types::pack_sqlstate("2F000"),
  function_executed_no_return_statement = types::pack_sqlstate("2F005"),
  sql_routine_modifying_sql_data_not_permitted = types::pack_sqlstate("2F002"),
  sql_routine_prohibited_sql_statement_attempted = types::pack_sqlstate("2F003"),
  sql_routine_reading_sql_data_not_permitted = types::pack_sqlstate("2F004"),

  // class 34
  invalid_cursor_name = types::pack_sqlstate("34000"),

  // class 38
  external_routine_exception = types::pack_sqlstate("38000"),
  containing_sql_not_permitted = types::pack_sqlstate("38001"),
  external_routine_modifying_sql_data_not_permitted = types::pack_sqlstate("38002"),
  external_routine_prohibited_sql_statement_attempted = types::pack_sqlstate("38003"),
  external_routine_reading_sql_data_not_permitted = types::pack_sqlstate("38004"),

  // class 39
  external_routine_invocation_exception = types::pack_sqlstate("39000"),
  invalid_sqlstate_returned = types::pack_sqlstate("39001"),
  external_routine_invocation_null_value_not_allowed = types::pack_sqlstate("39004"),
  trigger_protocol_violated = types::pack_sqlstate("39P01"),
  srf_protocol_violated = types::pack_sqlstate("39P02"),
  event_trigger_protocol_violated = types::pack_sqlstate("39P03"),

  // class 3B
  savepoint_exception = types::pack_sqlstate("3B000"),
  invalid_savepoint_specification = types::pack_sqlstate("3B001"),

  // class 3D
  invalid_catalog_name = types::pack_sqlstate("3D000"),

  // class 3F
  invalid_schema_name = types::pack_sqlstate("3F000"),

  // class 40
  transaction_rollback = types::pack_sqlstate("40000"),
  transaction_integrity_constraint_violation = types::pack_sqlstate("40002"),
  serialization_failure = types::pack_sqlstate("40001"),
  statement_completion_unknown = types::pack_sqlstate("40003"),
  deadlock_detected = types::pack_sqlstate("40P01"),

  // class 42
  syntax_error_or_access_rule_violation = types::pack_sqlstate("42000"),
  syntax_error = types::pack_sqlstate("42601"),
  insufficient_privilege = types::pack_sqlstate("42501"),
  cannot_coerce = types::pack_sqlstate("42846"),
  grouping_error = types::pack_sqlstate("42803"),
  windowing_error = types::pack_sqlstate("42P20"),
  invalid_recursion = types::pack_sqlstate("42P19"),
  invalid_foreign_key = types::pack_sqlstate("42830"),
  invalid_name = types::pack_sqlstate("42602"),
  name_too_long = types::pack_sqlstate("42622"),
  reserved_name = types::pack_sqlstate("42939"),
  datatype_mismatch = types::pack_sqlstate("42804"),
  indeterminate_datatype = types::pack_sqlstate("42P18"),
  collation_mismatch = types::pack_sqlstate("42P21"),
  indeterminate_collation = types::pack_sqlstate("42P22"),
  wrong_object_type = types::pack_sqlstate("42809"),
  generated_always = types::pack_sqlstate("428C9"),
  undefined_column = types::pack_sqlstate("42703"),
  undefined_function = types::pack_sqlstate("42883"),
  undefined_table = types::pack_sqlstate("42P01"),
  undefined_parameter = types::pack_sqlstate("42P02"),
  undefined_object = types::pack_sqlstate("42704"),
  duplicate_column = types::pack_sqlstate("42701"),
  duplicate_cursor = types::pack_sqlstate("42P03"),
  duplicate_database = types::pack_sqlstate("42P04"),
  duplicate_function = types::pack_sqlstate("42723"),
  duplicate_prepared_statement = types::pack_sqlstate("42P05"),
  duplicate_schema = types::pack_sqlstate("42P06"),
  duplicate_table = types::pack_sqlstate("42P07"),
  duplicate_alias = types::pack_sqlstate("42712"),
  duplicate_object = types::pack_sqlstate("42710"),
  ambiguous_column = types::pack_sqlstate("42702"),
  ambiguous_function = types::pack_sqlstate("42725"),
  ambiguous_parameter = types::pack_sqlstate("42P08"),
  ambiguous_alias = types::pack_sqlstate("42P09"),
  invalid_column_reference = types::pack_sqlstate("42P10"),
  invalid_column_definition = types::pack_sqlstate("42611"),
  invalid_cursor_definition = types::pack_sqlstate("42P11"),
  invalid_database_definition = types::pack_sqlstate("42P12"),
  invalid_function_definition = types::pack_sqlstate("42P13"),
  invalid_prepared_statement_definition = types::pack_sqlstate("42P14"),
  invalid_schema_definition = types::pack_sqlstate("42P15"),
  invalid_table_definition = types::pack_sqlstate("42P16"),
  invalid_object_definition = types::pack_sqlstate("42P17"),

  // class 44
  with_check_option_violation = types::pack_sqlstate("44000"),

  // class 53
  insufficient_resources = types::pack_sqlstate("53000"),
  disk_full = types::pack_sqlstate("53100"),
  out_of_memory = types::pack_sqlstate("53200"),
  too_many_connections = types::pack_sqlstate("53300"),
  configuration_limit_exceeded = types::pack_sqlstate("53400"),

  // class 54
  program_limit_exceeded = types::pack_sqlstate("54000"),
  statement_too_complex = types::pack_sqlstate("54001"),
  too_many_columns = types::pack_sqlstate("54011"),
  too_many_arguments = types::pack_sqlstate("54023"),

  // class 55
  object_not_in_prerequisite_state = types::pack_sqlstate("55000"),
  object_in_use = types::pack_sqlstate("55006"),
  cant_change_runtime_param = types::pack_sqlstate("55P02"),
  lock_not_available = types::pack_sqlstate("55P03"),
  unsafe_new_enum_value_usage = types::pack_sqlstate("55P04"),

  // class 57
  operator_intervention = types::pack_sqlstate("57000"),
  query_canceled = types::pack_sqlstate("57014"),
  admin_shutdown = types::pack_sqlstate("57P01"),
  crash_shutdown = types::pack_sqlstate("57P02"),
  cannot_connect_now = types::pack_sqlstate("57P03"),
  database_dropped = types::pack_sqlstate("57P04"),
  idle_session_timeout = types::pack_sqlstate("57P05"),

  // class 58
  system_error = types::pack_sqlstate("58000"),
  io_error = types::pack_sqlstate("58030"),
  undefined_file = types::pack_sqlstate("58P01"),
  duplicate_file = types::pack_sqlstate("58P02"),
  file_name_too_long = types::pack_sqlstate("58P03"),

  // class F0
  config_file_error = types::pack_sqlstate("F0000"),
  lock_file_exists = types::pack_sqlstate("F0001"),

  // class HV
  fdw_error = types::pack_sqlstate("HV000"),
  fdw_column_name_not_found = types::pack_sqlstate("HV005"),
  fdw_dynamic_parameter_value_needed = types::pack_sqlstate("HV002"),
  fdw_function_sequence_error = types::pack_sqlstate("HV010"),
  fdw_inconsistent_descriptor_information = types::pack_sqlstate("HV021"),
  fdw_invalid_attribute_value = types::pack_sqlstate("HV024"),
  fdw_invalid_column_name = types::pack_sqlstate("HV007"),
  fdw_invalid_column_number = types::pack_sqlstate("HV008"),
  fdw_invalid_data_type = types::pack_sqlstate("HV004"),
  fdw_invalid_data_type_descriptors = types::pack_sqlstate("HV006"),
  fdw_invalid_descriptor_field_identifier = types::pack_sqlstate("HV091"),
  fdw_invalid_handle = types::pack_sqlstate("HV00B"),
  fdw_invalid_option_index = types::pack_sqlstate("HV00C"),
  fdw_invalid_option_name = types::pack_sqlstate("HV00D"),
  fdw_invalid_string_length_or_buffer_length = types::pack_sqlstate("HV090"),
  fdw_invalid_string_format = types::pack_sqlstate("HV00A"),
  fdw_invalid_use_of_null_pointer = types::pack_sqlstate("HV009"),
  fdw_too_many_handles = types::pack_sqlstate("HV014"),
  fdw_out_of_memory = types::pack_sqlstate("HV001"),
  fdw_no_schemas = types::pack_sqlstate("HV00P"),
  fdw_option_name_not_found = types::pack_sqlstate("HV00J"),
  fdw_reply_handle = types::pack_sqlstate("HV00K"),
  fdw_schema_not_found = types::pack_sqlstate("HV00Q"),
  fdw_table_not_found = types::pack_sqlstate("HV00R"),
  fdw_unable_to_create_execution = types::pack_sqlstate("HV00L"),
  fdw_unable_to_create_reply = types::pack_sqlstate("HV00M"),
  fdw_unable_to_establish_connection = types::pack_sqlstate("HV00N"),

  // class P0
  plpgsql_error = types::pack_sqlstate("P0000"),
  raise_exception = types::pack_sqlstate("P0001"),
  no_data_found = types::pack_sqlstate("P0002"),
  too_many_rows = types::pack_sqlstate("P0003"),
  assert_failure = types::pack_sqlstate("P0004"),

  // class XX
  internal_error = types::pack_sqlstate("XX000"),
  data_corrupted = types::pack_sqlstate("XX001"),
  index_corrupted = types::pack_sqlstate("XX002"),
};

/// The condition that a SQLSTATE stands for. Never fails: an unlisted code is a condition without a name.
constexpr condition condition_of(sqlstate code) noexcept { return static_cast<condition>(code.packed()); }

/// The SQLSTATE of a condition; empty for `condition::none`.
constexpr sqlstate sqlstate_of(condition c) noexcept { return sqlstate::from_packed(static_cast<std::uint32_t>(c)); }

/// PostgreSQL's name of a condition, without the prefix that tells double names apart; "" if it has none.
/// Lives for ever; any thread.
std::string_view name(condition c) noexcept;

}  // namespace tusk
