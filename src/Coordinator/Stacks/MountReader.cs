using System.Collections.Immutable;
using RpiAgent.Coordinator.Model;

namespace RpiAgent.Coordinator.Stacks;

/// <summary>Reads a service's <c>volumes:</c> (short and long form) and <c>tmpfs:</c>.</summary>
internal static class MountReader
{
    private static readonly ImmutableArray<string> Harmless = ["rw", "z", "Z", "cached", "delegated", "consistent"];

    public static (ImmutableArray<MountSpec> Mounts, ImmutableArray<string> Tmpfs) Read(Section service, StackScope scope)
    {
        List<MountSpec> mounts = [];
        List<string> tmpfs = [];
        HashSet<string> targets = new(StringComparer.Ordinal);
        foreach (YamlText text in service.TextOrTexts("tmpfs"))
        {
            string target = text.Value.Split(':', 2)[0];
            if (Target(target, text.At, "tmpfs"))
            {
                tmpfs.Add(text.Value);
            }
        }

        foreach (YamlItem item in service.List("volumes")?.Items ?? [])
        {
            MountSpec? mount = item switch
            {
                YamlText { IsNull: false } text => Short(text, service, scope),
                YamlMap map => Long(map, service, scope, tmpfs),
                _ => Refuse(item.At, service, $"{item.Kind}, where a mount is wanted"),
            };
            if (mount is not null && Target(mount.Target, item.At, "volumes"))
            {
                mounts.Add(mount);
            }
        }

        // The engine refuses a tmpfs in both places.
        return ([.. mounts.Where(mount => mount.Type != "tmpfs")], [.. tmpfs]);

        bool Target(string target, Place at, string key)
        {
            string? problem = !ComposeValues.IsContainerPath(target) ? $"'{target}' is not an absolute path in the container"
                : target.Trim('/').Length == 0 ? "the container's root cannot be mounted over"
                : !targets.Add(target.TrimEnd('/')) ? $"{target} is mounted twice" : null;
            if (problem is not null)
            {
                service.Report.Problem(at, service.Path(key), problem);
            }

            return problem is null;
        }
    }

    private static MountSpec? Short(YamlText text, Section service, StackScope scope)
    {
        string[] parts = text.Value.Split(':');
        if (parts.Length > 3 || parts.Any(part => part.Length == 0))
        {
            return Refuse(text.At, service, $"'{text.Value}' is not NAME:/path, /host/path:/path or /path, with :ro if wanted");
        }

        if (parts.Length == 1)
        {
            return new MountSpec("volume", "", parts[0], false);
        }

        string[] modes = parts.Length == 3 ? parts[2].Split(',') : [];
        foreach (string mode in modes.Where(mode => mode != "ro" && !Harmless.Contains(mode)))
        {
            Refuse(text.At, service, $"the mode '{mode}' of '{text.Value}' is not supported; use ro or leave it out");
        }

        bool bind = parts[0][0] is '/' or '.' or '~';
        return Mount(bind ? "bind" : "volume", parts[0], parts[1], modes.Contains("ro"), text.At, service, scope);
    }

    private static MountSpec? Long(YamlMap map, Section service, StackScope scope, List<string> tmpfs)
    {
        Section mount = new(map, service.Path("volumes"), service.Report, ComposeKeys.Mount);
        string type = mount.Text("type") ?? "volume";
        string source = mount.Text("source") ?? "";
        string target = mount.Text("target") ?? "";
        bool readOnly = mount.Flag("read_only") ?? false;
        mount.Open("bind", ComposeKeys.MountBind);
        mount.Open("volume", ComposeKeys.MountVolume);
        switch (type)
        {
            case "tmpfs":
                Section? options = mount.Open("tmpfs", ComposeKeys.MountTmpfs);
                string[] words =
                [
                    .. options?.Bytes("size") is { } size ? [$"size={size}"] : Array.Empty<string>(),
                    .. options?.Text("mode") is { } mode ? [$"mode={mode}"] : Array.Empty<string>(),
                    .. readOnly ? ["ro"] : Array.Empty<string>(),
                ];
                tmpfs.Add(words.Length == 0 ? target : $"{target}:{string.Join(',', words)}");
                return new MountSpec("tmpfs", "", target, readOnly);
            case "volume" when source.Length == 0:
                return new MountSpec("volume", "", target, readOnly);
            case "volume" or "bind":
                return Mount(type, source, target, readOnly, map.At, service, scope);
            default:
                return Refuse(map.At, service, $"the type '{type}' is not supported; use volume, bind or tmpfs");
        }
    }

    private static MountSpec? Mount(string type, string source, string target, bool readOnly, Place at, Section service, StackScope scope)
    {
        if (type == "bind")
        {
            return source.StartsWith('/') && !source.Split('/').Contains("..")
                ? new MountSpec(type, source, target, readOnly)
                : Refuse(at, service, $"'{source}' is a path beside the Compose file, which the Pis do not have: put the files into the image or on a named volume, or give an absolute path that every node has");
        }

        if (scope.Volumes.TryGetValue(source, out DeclaredVolume? declared))
        {
            return new MountSpec(type, declared.Name, target, readOnly);
        }

        return scope.FirstVersion && ComposeValues.IsName(source)
            ? new MountSpec(type, scope.Own(source), target, readOnly)
            : Refuse(at, service, $"the volume '{source}' is not in the top-level volumes{StackScope.Suggest(source, scope.Volumes.Keys)}");
    }

    private static MountSpec? Refuse(Place at, Section service, string what)
    {
        service.Report.Problem(at, service.Path("volumes"), what);
        return null;
    }
}
