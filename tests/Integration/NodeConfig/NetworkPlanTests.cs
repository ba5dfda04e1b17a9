using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Xunit;

namespace RpiAgent.Tests.Integration.NodeConfig;

/// <summary>The program itself: <c>rpi-agent network plan --json</c>, its JSON and exit codes, also over folders that hold odd things.</summary>
public sealed class NetworkPlanTests : IDisposable
{
    private const string Main = "/etc/network/interfaces";
    private static readonly string[] Static = ["--iface", "eth0", "--method", "static", "--address", "192.168.1.102/24", "--gateway", "192.168.1.1", "--dns", "8.8.8.8,1.1.1.1"];

    private readonly string _root = Directory.CreateTempSubdirectory("plan").FullName;

    [Theory]
    [InlineData("auto eth0\niface eth0 inet dhcp", "auto eth0\niface eth0 inet static\n")]
    [InlineData("auto eth0\r\niface eth0 inet dhcp\r\n", "auto eth0\r\niface eth0 inet static\r\n")]
    [InlineData("# caf\u00e9 \u00ff\nauto eth0\niface eth0 inet dhcp\n", "# caf\u00e9 \u00ff\nauto eth0\niface eth0 inet static\n")]
    [InlineData("", "auto eth0\niface eth0 inet static\n")]
    public void What_would_be_written_is_in_the_json_with_its_own_line_ends(string before, string start)
    {
        Put(Main, before);
        (int code, JsonElement json) = Plan(Static);
        string end = before.Contains('\r', StringComparison.Ordinal) ? "\r\n" : "\n";
        Assert.Equal(0, code);
        Assert.Equal("changed", json.GetProperty("result").GetString());
        Assert.Equal(
            string.Concat(start, "    address 192.168.1.102", end, "    netmask 255.255.255.0", end, "    gateway 192.168.1.1", end, "    dns-nameservers 8.8.8.8 1.1.1.1", end),
            json.GetProperty("files").GetProperty(Main).GetString());
        Assert.Equal(JsonValueKind.Array, json.GetProperty("warnings").ValueKind);
        Assert.Equal(before, Encoding.Latin1.GetString(File.ReadAllBytes(_root + Main)));
    }

    [Fact]
    public void What_is_so_already_is_unchanged_with_no_files()
    {
        Put(Main, "auto eth0\niface eth0 inet static\n address 192.168.1.102/24\n gateway 192.168.1.1\n dns-nameservers 8.8.8.8 1.1.1.1\n");
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal((0, "unchanged"), (code, json.GetProperty("result").GetString()));
        Assert.Empty(json.GetProperty("files").EnumerateObject());
    }

    [Fact]
    public void The_file_that_has_the_stanza_is_the_one_that_changes_also_behind_links()
    {
        Put(Main, "source-directory interfaces.d\nsource /etc/network/more/*\n");
        Put("/etc/elsewhere/lan", "auto eth0\niface eth0 inet dhcp\n");
        Directory.CreateDirectory($"{_root}/etc/network/interfaces.d/folder");
        File.CreateSymbolicLink($"{_root}/etc/network/interfaces.d/lan", "/etc/elsewhere/lan");
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal((0, "/etc/network/interfaces.d/lan"), (code, json.GetProperty("files").EnumerateObject().Single().Name));
    }

    [Fact]
    public void A_tree_without_the_file_gets_one()
    {
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal((0, Main), (code, json.GetProperty("files").EnumerateObject().Single().Name));
    }

    /// <summary>Taken for an empty file, it would be replaced with all that is in it.</summary>
    [Theory]
    [InlineData("mkdir interfaces")]
    [InlineData("mkfifo interfaces")]
    [InlineData("ln -s interfaces interfaces")]
    [InlineData("ln -s /nowhere interfaces")]
    [InlineData("head -c 5000000 /dev/zero >interfaces")]
    public void A_file_that_is_there_but_cannot_be_read_is_refused(string make)
    {
        Make(make);
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal((78, "E_PARSE", $"{Main}:1"), (code, json.GetProperty("error").GetString(), json.GetProperty("at").GetString()));
        Assert.Contains("cannot be read", json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_included_file_that_cannot_be_read_may_hide_the_stanza_and_is_refused()
    {
        Put(Main, "auto eth0\niface eth0 inet dhcp\nsource more/*\n");
        Make("mkdir more; mkfifo more/lan");
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal((78, "/etc/network/more/lan:1"), (code, json.GetProperty("at").GetString()));
    }

    [Theory]
    [InlineData("source more/*\n", "ln -s /nowhere more/wlan0", 0)]
    [InlineData("source-directory more\n", "ln -s ../elsewhere/wlan0 more/wlan0", 0)]
    [InlineData("source more/*\n", "ln -s wlan0 more/wlan0", 78)]
    public void A_link_to_nowhere_is_no_obstacle_and_a_circle_of_links_is(string include, string make, int expected)
    {
        Put(Main, "auto eth0\niface eth0 inet dhcp\n" + include);
        Make($"mkdir more; {make}");
        (int code, JsonElement json) = Plan(Static);
        Assert.True(code == expected, json.ToString());
        Assert.Equal(code == 0, json.TryGetProperty("warnings", out JsonElement warnings) && warnings.EnumerateArray().Any(warning => warning.GetString()!.Contains("couldn't open", StringComparison.Ordinal)));
    }

    /// <summary>The program has 96 MB; what a file makes of them is the file's business only up to a size.</summary>
    [Theory]
    [InlineData("auto eth0\niface eth0 inet static\n", " address 1.2.3.4\n up x 1.2.3.4\n", 8000, 0)]
    [InlineData("auto eth0\niface eth0 inet dhcp\n", "# comment\n", 25_000, 0)]
    [InlineData("auto eth0\niface eth0 inet dhcp\n", "\n", 250_000, 0)]
    [InlineData("auto eth0\niface eth0 inet dhcp\n", " a b\n", 50_000, 0)]
    [InlineData("auto eth0\niface eth0 inet dhcp\n", "auto # \\ #x\n", 20_000, 0)]
    [InlineData("auto eth0\niface eth0 inet dhcp\n", "    option-of-someone value value value\n", 80_000, 78)]
    public void A_long_file_is_planned_or_refused_in_the_memory_there_is(string start, string more, int times, int expected)
    {
        Put(Main, start + string.Concat(Enumerable.Repeat(more, times)));
        (int code, string output, string errors) = Run([.. Static, "--root", _root]);
        Assert.True(code == expected, errors);
        Assert.Equal(expected == 0, output.StartsWith($"--- {Main}\n", StringComparison.Ordinal));
        Assert.Equal(expected, Plan(Static).Code);
    }

    [Theory]
    [InlineData("iface eth0 inet dhcp\0\n", "E_PARSE")]
    [InlineData("iface eth0 inet dchp\n", "E_PARSE")]
    [InlineData("mapping eth0\n script /bin/true\niface eth0 inet dhcp\n", "E_MAPPED")]
    public void A_refusal_has_exactly_its_three_fields_and_exit_code_78(string before, string error)
    {
        Put(Main, before);
        (int code, JsonElement json) = Plan(Static);
        Assert.Equal(78, code);
        Assert.Equal(["error", "at", "message"], json.EnumerateObject().Select(field => field.Name));
        Assert.Equal(error, json.GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("--address", "10.0.0.1", "E_BAD_ADDRESS")]
    [InlineData("--address", "10.0.0.1/024", "E_BAD_ADDRESS")]
    [InlineData("--address", "10.0.0.255/24", "E_BAD_ADDRESS")]
    [InlineData("--address", "", "E_BAD_ADDRESS")]
    [InlineData("--gateway", "192.168.2.1", "E_BAD_GATEWAY")]
    [InlineData("--gateway", "", "E_BAD_GATEWAY")]
    [InlineData("--dns", "1.1.1.1,", "E_BAD_DNS")]
    [InlineData("--dns", "1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4", "E_BAD_DNS")]
    [InlineData("--iface", "lo", "E_BAD_IFACE")]
    [InlineData("--iface", "eth0; reboot", "E_BAD_IFACE")]
    public void A_wish_that_cannot_be_is_refused(string option, string value, string error)
    {
        string[] words = [.. Static];
        words[Array.IndexOf(words, option) + 1] = value;
        (int code, JsonElement json) = Plan(words);
        Assert.Equal((78, error), (code, json.GetProperty("error").GetString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--iface eth0")]
    [InlineData("--iface eth0 --method bootp")]
    [InlineData("--iface eth0 --method static")]
    [InlineData("--iface eth0 --method dhcp --address 10.0.0.1/8")]
    [InlineData("--iface eth0 --method dhcp --root /nowhere/at/all")]
    [InlineData("--iface eth0 --iface eth1 --method dhcp")]
    [InlineData("--iface eth0 --method dhcp extra")]
    public void Words_that_cannot_be_understood_are_a_usage_error(string words)
    {
        (int code, string output, _) = Run([.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal(64, code);
        Assert.DoesNotContain("\"result\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_json_it_is_a_unified_diff()
    {
        Put(Main, "auto eth0\niface eth0 inet dhcp");
        (int code, string diff, _) = Run([.. Static, "--root", _root]);
        Assert.Equal(0, code);
        Assert.Equal($"--- {Main}\n+++ {Main}\n@@ -1,2 +1,6 @@\n auto eth0\n-iface eth0 inet dhcp\n\\ No newline at end of file\n", diff[..diff.IndexOf("+iface", StringComparison.Ordinal)]);
    }

    [Theory]
    [InlineData("auto eth0\niface eth0 inet dhcp")]
    [InlineData("auto eth0\r\niface eth0 inet dhcp\r\n mtu 1400\r\n")]
    [InlineData("# 1\n# 2\n# 3\n# 4\niface eth0 inet static\n address 10.0.0.2/8\n mtu 1400\n gateway 10.0.0.1\n# 5\n# 6\n# 7\n# 8\n# 9\n netmask 8\n")]
    [InlineData("")]
    public void The_diff_is_one_that_patch_takes(string before)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/patch"), "patch(1) is not here");
        Put(Main, before);
        string after = Plan(Static).Json.GetProperty("files").GetProperty(Main).GetString()!;
        File.WriteAllText($"{_root}/diff", Run([.. Static, "--root", _root]).Output);
        Make("patch --silent --binary -p1 -d ../.. <../../diff");
        Assert.Equal(after, File.ReadAllText(_root + Main));
    }

    /// <summary>The acceptance cases, through the program: its JSON is what would be written, byte for byte.</summary>
    [Fact]
    public void Every_acceptance_case_comes_out_of_the_program_as_it_must()
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllText(Path.Join(AppContext.BaseDirectory, "NodeConfig", "interfaces.json")));
        List<string> wrong = [];
        foreach (JsonElement one in cases.RootElement.EnumerateArray())
        {
            Directory.Delete(_root, recursive: true);
            Dictionary<string, string> before = FilesOf(one, "before", "files"), after = FilesOf(one, "after", one.TryGetProperty("files_after", out _) ? "files_after" : "files");
            foreach ((string path, string content) in before)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
                File.WriteAllText(_root + path, content);
            }

            JsonElement change = one.GetProperty("change");
            List<string> words = ["--iface", Word(change, "iface"), "--method", Word(change, "method")];
            words.AddRange(Word(change, "address") is { Length: > 0 } address ? ["--address", address] : []);
            words.AddRange(Word(change, "gateway") is { Length: > 0 } gateway ? ["--gateway", gateway] : []);
            words.AddRange(change.TryGetProperty("dns", out JsonElement dns) && dns.ValueKind == JsonValueKind.Array && dns.GetArrayLength() > 0 ? ["--dns", string.Join(',', dns.EnumerateArray().Select(server => server.GetString()))] : []);
            (int code, JsonElement json) = Plan([.. words]);
            string expected = Word(one, "error") is { Length: > 0 } error
                ? $"78 {error} {Word(one, "error_at")}".TrimEnd()
                : $"0 {JsonSerializer.Serialize(after.Where(file => before.GetValueOrDefault(file.Key) != file.Value).OrderBy(file => file.Key, StringComparer.Ordinal).ToDictionary())}";
            string actual = code == 0
                ? $"0 {JsonSerializer.Serialize(json.GetProperty("files").EnumerateObject().OrderBy(file => file.Name, StringComparer.Ordinal).ToDictionary(file => file.Name, file => file.Value.GetString()))}"
                : $"{code} {Word(json, "error")} {(Word(one, "error_at").Length > 0 ? Word(json, "at") : "")}".TrimEnd();
            if (actual != expected)
            {
                wrong.Add($"{Word(one, "name")}:\n  {expected}\n  {actual}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));

        static string Word(JsonElement of, string name) => of.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

        static Dictionary<string, string> FilesOf(JsonElement one, string main, string others)
        {
            Dictionary<string, string> files = one.TryGetProperty(main, out JsonElement content) && content.ValueKind == JsonValueKind.String ? new() { [Main] = content.GetString()! } : [];
            foreach (JsonProperty file in one.TryGetProperty(others, out JsonElement more) && more.ValueKind == JsonValueKind.Object ? more.EnumerateObject().ToArray() : [])
            {
                files[file.Name] = file.Value.GetString()!;
            }

            return files;
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private (int Code, JsonElement Json) Plan(string[] words)
    {
        (int code, string output, string errors) = Run([.. words, "--root", _root, "--json"]);
        Assert.True(output.Length > 0, errors);
        using JsonDocument document = JsonDocument.Parse(output);
        return (code, document.RootElement.Clone());
    }

    private static (int Code, string Output, string Errors) Run(string[] words)
    {
        ProcessStartInfo start = new(Path.Join(AppContext.BaseDirectory, "rpi-agent"), ["network", "plan", .. words]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(20)), "it hangs");
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    private void Put(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
        File.WriteAllBytes(_root + path, Encoding.Latin1.GetBytes(content));
    }

    private void Make(string script)
    {
        Directory.CreateDirectory($"{_root}/etc/network");
        using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { WorkingDirectory = $"{_root}/etc/network" })!;
        process.WaitForExit();
    }
}
