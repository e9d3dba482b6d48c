# Installs what a user needs: headers, libraries, CMake's package files, pkg-config's file.
include(CMakePackageConfigHelpers)

install(TARGETS tusk_protocol tusk_types tusk_client tusk_tusk EXPORT tusk_exports)
foreach(component protocol types client)
  install(DIRECTORY ${component}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tusk)
install(EXPORT tusk_exports NAMESPACE tusk:: FILE tusk-targets.cmake DESTINATION ${package_dir})
configure_package_config_file(tools/packaging/tusk-config.cmake.in tusk-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(tusk-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tusk-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/tusk-config-version.cmake
  tools/packaging/tusk_asio.cmake DESTINATION ${package_dir})

configure_file(tools/packaging/tusk.pc.in tusk.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tusk.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
