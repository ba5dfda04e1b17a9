using CsCheck;
using RpiAgent.Coordinator.Stacks;
using Xunit;

namespace RpiAgent.Tests.Unit.Stacks;

/// <summary>Whatever is sent gets an answer: a stack, a question or problems that each begin with a place.</summary>
public class ComposeFuzzTests
{
    private static readonly string[] Words =
    [
        "services", "web", "db", "image", "nginx", "command", "environment", "env_file", "volumes", "networks", "ports", "depends_on", "deploy",
        "placement", "constraints", "node.labels.zone == a", "healthcheck", "test", "interval", "5s", "80:80", "9000-9100:80-180", "data:/x", "./x:/y",
        "${A}", "${A:-b}", "$$", "${", "*a", "&a", "<<", "!x", "|", ">", "-", "[", "]", "{", "}", "null", "true", "external", "driver", "overlay",
        "links", "labels", "com.docker.swarm.constraints", "'[\"a==b\"]'", "tmpfs", "type", "source", "target", "\t", "\"", "'", "#", "? ", "---", "...",
        "resources", "limits", "cpus", "0.5", "memory", "99999999999999999999g", "replicas", "-1", "scale", "1e9", "\u0007", "\uFEFF", "é", "%YAML 1.1",
    ];

    private static readonly Gen<string> Lines =
        Gen.Select(Gen.Int[0, 5], OneOf(Words), OneOf(": ", ":", "", " ", ": [", ": {", ": &a ", ": *a"), OneOf([.. Words, ""]))
            .Select((indent, key, between, value) => $"{new string(' ', indent * 2)}{key}{between}{value}\n").Array[0, 25].Select(string.Concat);

    private static Gen<string> OneOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    [Fact]
    public void Every_made_up_file_is_answered() => Lines.Sample(Answered, iter: 1_000);

    [Fact]
    public void Every_damaged_real_file_is_answered() =>
        Gen.Select(Gen.Int[0, Real.Length - 1], Gen.Int[0, 30], OneOf([.. Words, "\n", ":", "  "]))
            .Select((at, length, put) => string.Concat(Real.AsSpan(0, at), put, Real.AsSpan(Math.Min(Real.Length, at + length))))
            .Sample(Answered, iter: 1_000);

    private const string Real = """
        version: "3.9"
        x-d: &d {restart: always, labels: [a=b]}
        services:
          db:
            <<: *d
            image: mariadb:10
            command: 'x "y z"'
            volumes: ["data:/var/lib/mysql", {type: tmpfs, target: /t, tmpfs: {size: 1m}}]
            healthcheck: {test: ["CMD", "ping"], interval: 10s}
            networks: {back: {aliases: [x]}}
          web:
            image: wordpress:${TAG:-latest}
            depends_on: {db: {condition: service_healthy}}
            ports: ["8080:80", {target: 81, published: "82"}]
            env_file: [a.env]
            environment: {A: 1, B: null}
            links: ["db:mysql"]
            networks: [back]
            deploy: {replicas: 2, placement: {constraints: ["node.labels.zone == a"], preferences: [{spread: node.labels.zone}]}}
        networks: {back: {driver: overlay}}
        volumes: {data: }

        """;

    private static bool Answered(string text)
    {
        DeployBundle bundle = new() { Name = "blog", Compose = text, Path = "c.yaml" };
        ComposeReading reading = ComposeReader.Read(bundle);
        for (int round = 0; reading is ComposeNeeds needs && round < 5; round++)
        {
            bundle = bundle with { MissingFiles = [.. bundle.MissingFiles, .. needs.Files], MissingVariables = [.. bundle.MissingVariables, .. needs.Variables] };
            reading = ComposeReader.Read(bundle);
        }

        return reading is ComposeRead || (reading is ComposeRefused refused && refused.Problems.Length > 0
            && refused.Problems.All(problem => problem.StartsWith("c.yaml:", StringComparison.Ordinal)));
    }
}
