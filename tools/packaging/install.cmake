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

# pkg-config's file tells the prefix from where it is itself: that holds for any `cmake --install --prefix`, and for a tree
# that is moved. A folder that was configured as an absolute path stays what it is.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(pc_prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  file(RELATIVE_PATH up /prefix/${pc_dir} /prefix)
  string(REGEX REPLACE "/$" "" up ${up})
  set(pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(dir libdir includedir)
  string(TOUPPER CMAKE_INSTALL_${dir} configured)
  set(pc_${dir} "\${prefix}/${${configured}}")
  if(IS_ABSOLUTE "${${configured}}")
    set(pc_${dir} ${${configured}})
  endif()
endforeach()
# Who links the static libraries links what they use, so it is public there; --static is for OpenSSL's static ones too.
set(pc_private .private)
if(NOT BUILD_SHARED_LIBS)
  set(pc_private "")
endif()
configure_file(tools/packaging/tusk.pc.in tusk.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tusk.pc DESTINATION ${pc_dir})
