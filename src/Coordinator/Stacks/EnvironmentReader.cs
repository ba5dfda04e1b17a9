using System.Collections.Immutable;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>A service's environment: env_files in order, then <c>environment:</c> over them; with the place each entry comes from.</summary>
internal static class EnvironmentReader
{
    public static ImmutableArray<(string Entry, Place At)> Read(Section service, StackScope scope)
    {
        Dictionary<string, (string Value, Place At)> values = new(StringComparer.Ordinal);
        List<string> order = [];
        // Classic expressions are no variables: several may share a "name", and each counts.
        List<(string Entry, Place At)> expressions = [];
        foreach ((string key, string? value, Place at) in Files(service, scope).Concat(service.Pairs("environment")))
        {
            if (SchedulingExpressions.IsOne(key))
            {
                expressions.Add((value is null ? key : $"{key}={value}", at));
                continue;
            }

            if (key.Length == 0 || key.Contains('=', StringComparison.Ordinal) || key.Contains('\0', StringComparison.Ordinal))
            {
                service.Report.Problem(at, service.Path("environment"), $"'{key}' is not the name of a variable");
                continue;
            }

            // A name alone takes the client's value; one the client does not have is left out, as Compose does.
            if ((value ?? scope.Variables.Lookup(key)) is { } known)
            {
                if (!values.ContainsKey(key))
                {
                    order.Add(key);
                }

                values[key] = (known, at);
            }
        }

        return [.. order.Select(key => ($"{key}={values[key].Value}", values[key].At)), .. expressions];
    }

    private static IEnumerable<(string Key, string? Value, Place At)> Files(Section service, StackScope scope)
    {
        foreach ((YamlText path, bool required, bool raw) in Paths(service))
        {
            string where = service.Path("env_file");
            if (scope.Bundle.Files.TryGetValue(path.Value, out string? text))
            {
                if (text.Length > EnvFile.MostCharacters)
                {
                    service.Report.Problem(path.At, where, $"{path.Value} is larger than {EnvFile.MostCharacters / 1024} KiB");
                    continue;
                }

                foreach ((string key, string? value) in EnvFile.Read(text, path.Value, raw, scope.Variables, what => service.Report.Problem(path.At, where, what)))
                {
                    yield return (key, value, path.At);
                }
            }
            else if (!scope.Bundle.MissingFiles.Contains(path.Value))
            {
                service.Report.NeedFile(path.Value);
            }
            else if (required)
            {
                service.Report.Problem(path.At, where, $"the file {path.Value} is not there (looked for beside the Compose file)");
            }
        }
    }

    private static IEnumerable<(YamlText Path, bool Required, bool Raw)> Paths(Section service)
    {
        YamlItem? item = service.Item("env_file");
        foreach (YamlItem one in item is YamlList list ? list.Items : item is null ? [] : [item])
        {
            if (one is YamlText { IsNull: false, Value.Length: > 0 } text)
            {
                yield return (text, true, false);
            }
            else if (one is YamlMap map)
            {
                Section file = new(map, service.Path("env_file"), service.Report, ComposeKeys.EnvFile);
                if (file.Text("format") is { } format and not "raw")
                {
                    file.Problem("format", $"'{format}' is not known; leave it out or write raw");
                }

                if (file.Scalar("path") is { } path)
                {
                    yield return (path, file.Flag("required") ?? true, file.Text("format") == "raw");
                }
                else
                {
                    service.Report.Problem(map.At, service.Path("env_file"), "a file needs its path");
                }
            }
            else
            {
                service.Report.Problem(one.At, service.Path("env_file"), $"{one.Kind}, where the path of a file is wanted");
            }
        }
    }
}
