using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Xunit;

namespace RpiAgent.Tests.Unit.Structure;

/// <summary>The allowed uses between features (docs/design.md), read from the compiled assemblies' method bodies and signatures.</summary>
public class DependencyTests
{
    private static readonly string[] SeeEverythingInAgent = ["", "Boot", "Grpc"];

    [Fact]
    public void Features_of_the_agent_never_see_each_other()
    {
        // Engine is the one home of side effects on dockerd; the features that act on dockerd see it, and nothing else.
        string[] wrong = [.. Uses("rpi-agent", "RpiAgent.Agent")
            .Where(use => !SeeEverythingInAgent.Contains(use.From) && use.To is not ("" or "Engine"))
            .Select(use => use.Text)];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Admin_and_gateway_never_see_dispatch_or_reconciliation()
    {
        string[] wrong = [.. Uses("rpi-coordinator", "RpiAgent.Coordinator")
            .Where(use => use is { From: "Admin" or "Gateway" or "Dashboard", To: "Dispatch" or "Reconciliation" })
            .Select(use => use.Text)];
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_command_line_sees_only_the_wire()
    {
        string[] wrong = [.. Uses("rpi-coordinator", "RpiAgent.Coordinator").Where(use => use.From == "Cli").Select(use => use.Text)];
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_model_and_the_scheduler_see_no_other_feature()
    {
        string[] wrong = [.. Uses("rpi-coordinator", "RpiAgent.Coordinator")
            .Where(use => use.From == "Model" || (use.From == "Scheduling" && use.To != "Model"))
            .Select(use => use.Text)];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Agent_and_coordinator_never_see_each_other()
    {
        Assert.DoesNotContain(Assembly.Load("rpi-agent").GetReferencedAssemblies(), name => name.Name == "rpi-coordinator");
        Assert.DoesNotContain(Assembly.Load("rpi-coordinator").GetReferencedAssemblies(), name => name.Name == "rpi-agent");
    }

    [Fact]
    public void No_feature_shadows_a_librarys_namespace()
    {
        string[] features = [.. new[] { "rpi-agent", "rpi-coordinator" }
            .SelectMany(name => Assembly.Load(name).GetTypes()).Select(type => type.Namespace ?? "")];
        Assert.DoesNotContain(features, name => name.Split('.').Skip(2).Any(part => part is "Host" or "Docker" or "Consul"));
    }

    /// <summary>Pairs of features where a type of one refers to a type of the other, in signatures, fields or code.</summary>
    private static IEnumerable<Use> Uses(string assembly, string rootNamespace)
    {
        using PEReader pe = new(File.OpenRead(Assembly.Load(assembly).Location));
        MetadataReader reader = pe.GetMetadataReader();
        HashSet<Use> uses = [];
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            TypeDefinition type = reader.GetTypeDefinition(handle);
            string? from = Feature(Namespace(reader, handle), rootNamespace);
            if (from is null)
            {
                continue;
            }

            ReferenceCollector collector = new(reader, pe);
            collector.Visit(type);
            foreach (TypeDefinitionHandle used in collector.Types)
            {
                string? to = Feature(Namespace(reader, used), rootNamespace);
                if (to is not null && to != from && !(to == "" && from != ""))
                {
                    uses.Add(new Use(from, to, $"{from} -> {to}: {reader.GetString(type.Name)} uses {reader.GetString(reader.GetTypeDefinition(used).Name)}"));
                }
            }
        }

        Assert.NotEmpty(reader.TypeDefinitions);
        return uses;
    }

    private static string Namespace(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        while (type.GetDeclaringType() is { IsNil: false } outer)
        {
            type = reader.GetTypeDefinition(outer);
        }

        return reader.GetString(type.Namespace);
    }

    /// <returns>First part below the root ("" for the root itself), or null for other namespaces.</returns>
    private static string? Feature(string name, string root) =>
        name == root ? "" : name.StartsWith(root + ".", StringComparison.Ordinal) ? name[(root.Length + 1)..].Split('.')[0] : null;

    private sealed record Use(string From, string To, string Text);
}
