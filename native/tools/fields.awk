# From ub_abi.h: a macro for each struct that lists its fields, UB_FIELDS_<struct>(F) with an F(<struct>, <field>) each, so that
# a field is named once. Padding is left out. The header has one declaration a line (clang-format keeps it so).
/^struct [a-z_]+ \{$/ { name = $2; printf "#define UB_FIELDS_%s(F)", name; next }
name != "" && /^};/ { print ""; name = ""; next }
name != "" {
    sub(/\/\*.*/, "")
    if ($0 !~ /;/) next
    sub(/(\[[^]]*\])*;.*/, "")
    if ($NF !~ /^pad/) printf " F(%s, %s)", name, $NF
}
